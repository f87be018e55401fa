// Every byte that leaves passes the door: the privacy test stands there.
import { describe, expect, test, vi } from 'vitest'
import type { Network } from '../../workers/network/api.ts'
import * as Door from './door.ts'

const task = `0x${'01'.repeat(32)}` as const

function network(answers: Partial<Network>): Network {
  const missing = (): never => {
    throw new Error('not asked for in this test')
  }
  return {
    start: missing,
    status: missing,
    subscribe: missing,
    unsubscribe: missing,
    post: missing,
    put: missing,
    get: missing,
    ask: missing,
    stop: missing,
    ...answers,
  }
}

describe('the door', () => {
  test('shows all that goes out before the worker has it, and what comes in', async () => {
    const order: string[] = []
    const door = Door.open(
      network({
        post: async () => void order.push('worker post'),
        put: async (_task, blocks) => {
          order.push('worker put')
          return blocks.map(() => 'cid')
        },
        ask: async (request) => {
          order.push('worker ask')
          return request
        },
        get: async () => Uint8Array.of(9),
      }),
      ({ direction, kind, bytes, round }) => order.push(`${direction} ${kind} ${bytes.join()} ${round}`),
    )
    await door.post('topic', Uint8Array.of(1), { machine: 'm', round: 3 })
    await door.put(
      task,
      [
        { codec: 'raw', bytes: Uint8Array.of(2) },
        { codec: 'raw', bytes: Uint8Array.of(3) },
      ],
      { machine: 'm', round: 3 },
    )
    await door.ask(Uint8Array.of(4))
    await door.get('cid', 10, { machine: 'm', round: 3 })
    expect(order).toEqual([
      'out post 1 3',
      'worker post',
      'out put 2 3',
      'out put 3 3',
      'worker put',
      'out ask 4 0',
      'worker ask',
      'in get 9 3',
    ])
  })

  test('has no other way out: the worker is given bytes by three calls only', async () => {
    const { readFile } = await import('node:fs/promises')
    const source = await readFile(new URL('../../workers/network/api.ts', import.meta.url), 'utf8')
    const members = source.slice(source.indexOf('export type Network = {'))
    const takers = [...members.matchAll(/^ {2}(\w+)\(([^)]*(?:Uint8Array)[^)]*)\)/gms)].map(
      (found) => found[1],
    )
    expect(new Set(takers)).toEqual(new Set(['post', 'put', 'ask']))
  })

  test('gives up on a worker that never answers', async () => {
    vi.useFakeTimers()
    const door = Door.open(network({ ask: () => new Promise(() => undefined) }), () => undefined)
    const asked = expect(door.ask(Uint8Array.of(1))).rejects.toBeInstanceOf(Door.TimeoutError)
    await vi.advanceTimersByTimeAsync(60_000)
    await asked
    vi.useRealTimers()
  })
})
