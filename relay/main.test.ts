// The relay as its own process: survives being killed at any moment, and says how it wants to be started.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MemoryBlockstore } from 'blockstore-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Envelope from '../protocol/envelope.ts'
import * as Topic from '../protocol/topic.ts'
import * as Processes from '../scripts/processes.ts'
import type { Network } from '../workers/network/api.ts'
import * as NetworkDoor from '../workers/network/network.ts'

const place = { chainId: 31337, market: `0x${'1a'.repeat(20)}` } as const
const task = `0x${'ab'.repeat(32)}` as const
const topic = Topic.task(place, task)

let folder: string
let port: number
let relay: Processes.Process | undefined
const networks: Network[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-main-'))
  port = await Processes.freePort()
})
afterEach(async () => {
  await Promise.all(networks.splice(0).map((network) => network.stop()))
  await relay?.stop()
  await rm(folder, { recursive: true })
})

async function start(): Promise<string> {
  const flags = { port, data: join(folder, 'data'), 'chain-id': place.chainId, market: place.market }
  const started = Processes.start({
    name: 'relay',
    command: process.execPath,
    parameters: [
      join(Processes.root, 'relay/main.ts'),
      ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ],
    logs: folder,
  })
  relay = started
  const [, address = ''] = await started.line(/listening on (\S+)/, 50)
  return address
}

async function enter(address: string): Promise<Network> {
  const network = NetworkDoor.create(new MemoryBlockstore())
  networks.push(network)
  await network.start({ relays: [address] })
  return network
}

function message(round: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(500)
  const signature = `0x${'00'.repeat(65)}` as const
  return Envelope.encode({
    v: 1,
    ...place,
    task,
    round,
    kind: 'ready',
    slot: 0,
    sender: place.market,
    body,
    signature,
  })
}

test('killed while messages and blocks come in, it loses nothing it acknowledged', async () => {
  const address = await start()
  const alice = await enter(address)
  const acknowledged: number[] = []
  const posting = (async () => {
    for (let round = 0; round < 60; round++) {
      await alice.post(topic, message(round))
      acknowledged.push(round)
      if (round === 20) void relay?.kill()
    }
  })()
  const contents = Array.from({ length: 4 }, (_, i) => ({
    codec: 'raw' as const,
    bytes: new Uint8Array(65_536).fill(i + 1),
  }))
  const cids = await alice.put(task, contents)
  await relay?.gone
  expect(acknowledged.length).toBeLessThan(60)

  expect(await start()).toBe(address)
  await posting
  await alice.stop()
  const bob = await enter(address)
  const rounds = new Set<number>()
  await new Promise<void>((resolve) => {
    void bob.subscribe(topic, 0, (received) => {
      rounds.add(Envelope.decode(received.message).round)
      if (rounds.size === 60) resolve()
    })
  })
  expect(await Promise.all(cids.map((cid) => bob.get(cid, 65_536)))).toEqual(
    contents.map(({ bytes }) => bytes),
  )
})

test('wrong flags are explained', async () => {
  const run = (...flags: string[]) =>
    promisify(execFile)(process.execPath, [join(Processes.root, 'relay/main.ts'), ...flags])
  const market = ['--chain-id', '31337', '--market', place.market]
  await expect(run()).rejects.toThrow('--chain-id needs a number')
  await expect(run('--bogus')).rejects.toThrow('--bogus')
  await expect(run(...market, '--faucet')).rejects.toThrow('--faucet needs --token')
  const rpc = [...market, '--rpc', 'http://127.0.0.1:1']
  await expect(run(...rpc)).rejects.toThrow('--rpc needs --token')
  await expect(run(...rpc, '--token', place.market)).rejects.toThrow('SPONSOR_KEY')
})
