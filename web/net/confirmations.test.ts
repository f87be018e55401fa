// What counts as having happened, with confirmations and endpoints that fork, lag and lie; and that a committee member
// gives no share away before. The endpoints are pretended, the chain's reader and the member are real.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encodeAbiParameters, encodeEventTopics, numberToHex } from 'viem'
import { afterEach, describe, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Config from '../../protocol/config.ts'
import type { BaseError } from '../../protocol/errors.ts'
import * as Market from '../../protocol/market.ts'
import type * as Record from '../../protocol/record.ts'
import * as ComputeProvider from '../../protocol/roles/computeProvider.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Talk from '../../test/conversation.ts'
import * as Chain from './chain.ts'
import * as Witnesses from './witnesses.ts'

type Block = { readonly hash: Hex; readonly commits: readonly Record.Body[] }

/** An endpoint of which the test says what it says. */
type Endpoint = { blocks: readonly Block[]; isDown: boolean; readonly url: string }

const servers: Server[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close()))

const record: Record.Body = {
  ...{ round: 1, closes: Talk.opening.body.closes, opened: Talk.opened, aggregator: 0 },
  cohortsDigest: Talk.say(Talk.computeNames[0]!, Talk.cohortsDraft).bodyDigest,
  ...{ delivered: 7n, survivors: 7n, cohorts: [7n], jobs: 0n, sums: Talk.digest('sums') },
}

/** As many empty blocks of this fork as it takes to reach `height`, on top of `below`. */
function grown(below: readonly Block[], height: number, fork: string): readonly Block[] {
  const more = Array.from({ length: height + 1 - below.length }, (_, at) => ({
    hash: Talk.digest(`${fork} ${below.length + at}`),
    commits: [],
  }))
  return [...below, ...more]
}

const plain = grown([], 10, 'plain')
/** The commit is in block 11. */
const committed: readonly Block[] = [...plain, { hash: Talk.digest('with commit'), commits: [record] }]

async function endpoint(blocks: readonly Block[]): Promise<Endpoint> {
  const state = { blocks, isDown: false, url: '' }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (some: Buffer) => (body += some.toString()))
    request.on('end', () => {
      if (state.isDown) {
        response.writeHead(503).end()
        return
      }
      const { id, method, params }: { id: number; method: string; params: readonly unknown[] } =
        JSON.parse(body)
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: answer(state.blocks, method, params) }))
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(state, { url: `http://127.0.0.1:${port}` })
}

function answer(blocks: readonly Block[], method: string, params: readonly unknown[]): unknown {
  if (method === 'eth_chainId') return numberToHex(Talk.place.chainId)
  if (method === 'eth_blockNumber') return numberToHex(blocks.length - 1)
  if (method === 'eth_getBlockByNumber') {
    const number = params[0] === 'latest' ? blocks.length - 1 : Number(params[0])
    const block = blocks[number]
    if (block === undefined) return null
    return {
      number: numberToHex(number),
      hash: block.hash,
      timestamp: numberToHex(Talk.now + number),
      transactions: [],
    }
  }
  if (method !== 'eth_getLogs') throw new Error(`nobody said how to answer ${method}`)
  const { fromBlock, toBlock } = params[0] as { readonly fromBlock: Hex; readonly toBlock: Hex }
  return blocks.flatMap(({ hash, commits }, number) =>
    number < Number(fromBlock) || number > Number(toBlock)
      ? []
      : commits.map((commit, logIndex) => ({
          ...logOf(commit),
          ...{ address: Talk.place.market, blockHash: hash, blockNumber: numberToHex(number) },
          ...{ logIndex: numberToHex(logIndex), transactionHash: Talk.digest(`transaction ${logIndex}`) },
          ...{ transactionIndex: '0x0', removed: false },
        })),
  )
}

function logOf(commit: Record.Body): { readonly topics: unknown; readonly data: Hex } {
  const event = Market.abi.find((item) => item.type === 'event' && item.name === 'RoundCommitted')
  if (event?.name !== 'RoundCommitted') throw new Error('no such event')
  const [, , ...plain] = event.inputs
  return {
    topics: encodeEventTopics({
      abi: Market.abi,
      eventName: 'RoundCommitted',
      args: { task: Talk.task, round: commit.round },
    }),
    data: encodeAbiParameters(plain, [commit, 3, Talk.now + 700]),
  }
}

/** A member that has all it needs to unmask round 1 but the commit, and what it hears from these endpoints. */
function member(endpoints: readonly Endpoint[], confirmations: number) {
  const name = Talk.computeNames[1] ?? ''
  const created = ComputeProvider.create(
    {
      ...{ me: Talk.me(name), rules: { consent: true, claim: true }, place: Talk.place, id: Talk.task },
      ...{ terms: Talk.terms, spec: Talk.spec, offer: Talk.computeOffer(name), request: Talk.request(name) },
    },
    Talk.now,
  )
  let { state } = Talk.follow(ComputeProvider.step, created, [
    { type: 'head', time: Talk.now },
    ...[Talk.created, Talk.started, Talk.header, Talk.heard('model', Talk.opening)],
    ...Talk.dataNames.map((each) => Talk.heard(each, Talk.readyDraft(each))),
    Talk.heard(Talk.computeNames[0] ?? '', Talk.cohortsDraft),
  ])
  const released: Effect.Effect[] = []
  const failures: BaseError[] = []
  const config = Config.parse(
    JSON.stringify({
      ...{ chainId: Talk.place.chainId, market: Talk.place.market, token: Talk.token, deployBlock: 0 },
      ...{
        confirmations,
        rpc: endpoints.map(({ url }) => url),
        vaultOrigin: 'http://localhost:1',
        local: false,
      },
      relays: ['/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWGYLPqkoLNCNYKzkPRu6aTJFYk9vMs29HyCRWJPqK2Rvb'],
    }),
  )
  const chain = Chain.open(config, { interval: 50 })
  const following = chain.follow(-1, {
    taken: async (told, upTo) => {
      const events = told.map(({ event }) => ({ type: 'chain', event }) as const)
      const all = [...events, { type: 'head', time: upTo.time } as const]
      const next = Talk.follow(ComputeProvider.step, state, all, Talk.now + 90)
      state = next.state
      released.push(...next.wished.filter(({ type }) => type === 'unmask'))
    },
    failed: (error) => failures.push(error),
  })
  return { chain, look: () => following.look(), released, failures }
}

describe('with three confirmations', () => {
  test('a member gives shares away once three blocks lie on the commit, not before', async () => {
    const one = await endpoint(committed)
    const { look, released, failures } = member([one], 3)
    for (const height of [11, 12, 13]) {
      one.blocks = grown(committed, height, 'after')
      await look()
      expect(released).toEqual([])
    }
    one.blocks = grown(committed, 14, 'after')
    await look()
    await look()
    expect(released).toMatchObject([{ id: 'unmask:1' }])
    expect(failures).toEqual([])
  })

  test('a commit that a reorganisation removed before is never released for', async () => {
    const one = await endpoint(grown(committed, 13, 'after'))
    const { look, released } = member([one], 3)
    await look()
    for (const height of [13, 14, 15, 20, 40]) {
      one.blocks = grown(plain, height, 'other')
      await look()
    }
    expect(released).toEqual([])
  })

  test('a commit that comes back in a later block is counted from there', async () => {
    const one = await endpoint(grown(committed, 13, 'after'))
    const { look, released } = member([one], 3)
    await look()
    const again = [...grown(plain, 14, 'other'), { hash: Talk.digest('again'), commits: [record] }]
    for (const height of [15, 16, 17]) {
      one.blocks = grown(again, height, 'later')
      await look()
    }
    expect(released).toEqual([])
    one.blocks = grown(again, 18, 'later')
    await look()
    expect(released).toHaveLength(1)
  })

  test('the hash that cohorts are drawn from is not told before, either', async () => {
    const one = await endpoint(plain)
    const { chain } = member([one], 3)
    expect(await chain.blockHash(8)).toBeUndefined()
    expect(await chain.blockHash(7)).toBe(plain[7]?.hash)
  })
})

describe('of two endpoints', () => {
  test.each([
    ['does not have the commit', grown(plain, 20, 'other')],
    [
      'has another commit in that block',
      [...plain, { hash: Talk.digest('with commit'), commits: [{ ...record, survivors: 15n }] }],
    ],
    ['has it in another block', [...plain, { hash: Talk.digest('elsewhere'), commits: [record] }]],
  ])('one %s: nothing is given away, and the screen says why', async (_, blocks) => {
    const honest = await endpoint(grown(committed, 20, 'after'))
    const other = await endpoint(grown(blocks, 20, 'after'))
    for (const order of [
      [honest, other],
      [other, honest],
    ]) {
      const { look, released, failures } = member(order, 3)
      await look()
      await look()
      expect(released).toEqual([])
      expect(failures.at(-1)).toBeInstanceOf(Witnesses.DisputedError)
      expect(failures.at(-1)?.message).toBe('The endpoints of the chain tell different things.')
      expect(failures.at(-1)?.safe).toBe('Nothing is given away before they agree.')
    }
  })

  test('one pretends that more blocks lie on the commit: the other’s count', async () => {
    const honest = await endpoint(grown(committed, 13, 'after'))
    const hasty = await endpoint(grown(committed, 100, 'after'))
    const { look, released, failures } = member([hasty, honest], 3)
    await look()
    expect(released).toEqual([])
    honest.blocks = grown(committed, 14, 'after')
    await look()
    expect(released).toHaveLength(1)
    expect(failures).toEqual([])
  })

  test('one is down: nothing is given away until it is back, and agrees', async () => {
    const [one, two] = await Promise.all([endpoint(grown(committed, 20, 'after')), endpoint(plain)])
    two.isDown = true
    const { look, released, failures } = member([one, two], 3)
    await look()
    expect(released).toEqual([])
    expect(failures).toHaveLength(1)
    two.isDown = false
    await look()
    expect(released).toEqual([])
    two.blocks = one.blocks
    await look()
    expect(released).toHaveLength(1)
  })

  test('they disagree about the block that cohorts are drawn from: no hash is told', async () => {
    const [one, two] = await Promise.all([endpoint(plain), endpoint(grown([], 10, 'other'))])
    await expect(member([one, two], 3).chain.blockHash(5)).rejects.toBeInstanceOf(Witnesses.DisputedError)
  })
})
