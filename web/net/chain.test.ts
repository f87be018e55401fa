// Against a real local chain: it is down, comes up, takes a transaction by a digest signer, and goes down again.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import * as Config from '../../protocol/config.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as LocalChain from '../../scripts/chain.ts'
import * as Processes from '../../scripts/processes.ts'
import * as Account from './account.ts'
import * as Chain from './chain.ts'

/** The first account that anvil funds: public knowledge. */
const key = Uint8Array.from(
  Buffer.from('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', 'hex'),
)
const account = Account.ofDevice(Eip712.addressOf(key), (digest) => Promise.resolve(Eip712.sign(digest, key)))
let folder = ''
let anvil: Processes.Process | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-chain-'))
})

afterAll(async () => {
  await anvil?.stop()
  await rm(folder, { recursive: true })
})

function open(port: number): Chain.Chain {
  const config = Config.parse(
    JSON.stringify({
      chainId: 31_337,
      market: `0x${'11'.repeat(20)}`,
      token: `0x${'22'.repeat(20)}`,
      deployBlock: 0,
      confirmations: 0,
      rpc: [`http://127.0.0.1:${port}`],
      relays: ['/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWGYLPqkoLNCNYKzkPRu6aTJFYk9vMs29HyCRWJPqK2Rvb'],
      vaultOrigin: 'http://localhost:1',
      local: true,
    }),
  )
  return Chain.open(config, { interval: 50 })
}

describe('the chain', () => {
  test(
    'that is down is a clear error, and is followed again when it is back',
    { timeout: 30_000 },
    async () => {
      const port = await Processes.freePort()
      const chain = open(port)
      await expect(chain.head()).rejects.toBeInstanceOf(Chain.UnreachableError)

      const failures: unknown[] = []
      const blocks: number[] = []
      const following = chain.follow(-1, {
        taken: async (_told, upTo) => void blocks.push(upTo.number),
        failed: (error) => failures.push(error),
      })
      await following.look()
      expect(failures[0]).toBeInstanceOf(Chain.UnreachableError)
      anvil = (await LocalChain.startAnvil(port, folder)).process
      await vi.waitFor(
        async () => {
          await following.look()
          expect(blocks).toEqual([0])
        },
        { timeout: 10_000 },
      )

      const receipt = await chain.transact(account, { to: `0x${'33'.repeat(20)}`, data: '0x' })
      expect(receipt).toMatchObject({ gas: 21_000, block: 1 })
      await following.look()
      expect(blocks).toEqual([0, 1])
      following.stop()
    },
  )
})
