// Offers that expired are not shown, and what is known survives a restart.
import 'fake-indexeddb/auto'
import { afterEach, expect, test, vi } from 'vitest'
import * as Codec from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Envelope from '../../protocol/envelope.ts'
import * as Message from '../../protocol/message.ts'
import * as Schema from '../../protocol/schema.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Board from './board.ts'
import { Database } from './database.ts'
import * as Draft from './draft.ts'

const place = { chainId: 31_337, market: `0x${'11'.repeat(20)}` } as const
const key = new Uint8Array(32).fill(1)
const account = Eip712.addressOf(key)
const now = 1_900_000_000
const schemaId = Schema.id(Schema.digits)
const name = crypto.randomUUID()

afterEach(() => new Database(name).delete())

async function offer(expires: number): Promise<Message.Of<'dataOffer'>> {
  const bytes = await Message.seal(
    place,
    {
      kind: 'dataOffer',
      task: Envelope.noTask,
      round: 0,
      slot: 0,
      body: {
        offer: {
          account,
          schemaId,
          quality: 5000,
          samples: 10,
          dataSignature: `0x${'22'.repeat(32)}`,
          token: place.market,
          floor: 1n,
          device: account,
          box: `0x${'33'.repeat(32)}`,
          expires,
        },
      },
    },
    {
      account,
      signAsAccount: ({ digest }) => Eip712.sign(digest, key),
      signAsDevice: (digest) => Eip712.sign(digest, key),
    },
  )
  const message = Message.open(bytes, place, Eip712.recover)
  if (message.kind !== 'dataOffer') throw new Error('not an offer')
  return message
}

function made(): Draft.Made {
  const config = {
    ...place,
    token: place.market,
    deployBlock: 0,
    confirmations: 0,
    rpc: [],
    relays: [],
    vaultOrigin: '',
    local: true,
  }
  const testSet = { commitment: schemaId, samples: 10 }
  const by = { config, modelProvider: account, opener: account, testSet, released: undefined, now }
  return Draft.make({ ...Draft.initial(schemaId, 6, true), title: 'Digits' }, by)
}

test('offers are shown until they expire or are withdrawn, and found again after a restart', async () => {
  const first = new Database(name)
  const board = await Board.open({ database: first, fetchSpec: vi.fn(), changed: vi.fn() })
  const good = await board.take(await offer(now + 10))
  const old = await board.take(await offer(now - 10))
  await board.keepOwn(good, 'set')
  await board.keepOwn(old, 'set')
  expect(board.view(account, now).dataOffers.map(({ id }) => id)).toEqual([good])
  expect(board.view(account, now).ownData.find(({ id }) => id === old)?.expired).toBe(true)
  first.close()

  const second = new Database(name)
  const again = await Board.open({ database: second, fetchSpec: vi.fn(), changed: vi.fn() })
  expect(again.view(account, now).dataOffers).toMatchObject([{ id: good, own: true, samples: 10 }])
  expect(again.dataSetOf(good)).toBe('set')
  await again.withdraw(good)
  expect(again.ownData().map(({ id }) => id)).toEqual([old])
  second.close()
})

test('a spec is fetched once and refused when it is not the one in escrow', async () => {
  const database = new Database(name)
  const { id, terms, spec } = made()
  const lie = vi.fn(() => Promise.resolve(TaskSpec.encode({ ...spec, clip: 9 })))
  const board = await Board.open({ database, fetchSpec: lie, changed: vi.fn() })
  await board.created(id, terms)
  await expect(board.spec(id)).rejects.toBeInstanceOf(TaskSpec.BoundError)

  lie.mockImplementation(() => Promise.resolve(TaskSpec.encode(spec)))
  expect(await board.spec(id)).toEqual(spec)
  await board.spec(id)
  expect(lie).toHaveBeenCalledTimes(2)
  expect(lie).toHaveBeenLastCalledWith(id, Codec.cidFrom(terms.specHash).toString())
  database.close()
})
