// What the app is connected to, as screens show it; asks the network worker every few seconds.
import type { Benchmark } from '../../protocol/benchmark.ts'
import type { NetworkStatus } from '../../workers/network/api.ts'
import type { ProbeResult } from '../../workers/train/api.ts'
import type { Door } from '../net/door.ts'
import type { Connection, WorkerStatus } from './view/device.ts'

export type Watch = {
  view(): Connection
  block(number: number): void
  chainDown(): void
  worker(which: 'network' | 'frame', status: WorkerStatus): void
  probed(result: ProbeResult): void
  benchmarked(benchmark: Benchmark): void
  /** Asks the door now and every few seconds until stopped. */
  follow(door: Door): () => void
}

const interval = 3000

export function make(chainId: number, changed: () => void): Watch {
  let view: Connection = {
    relays: [],
    chain: { reachable: false, block: 0, chainId },
    workers: { network: 'starting', frame: 'starting' },
    probe: undefined,
    benchmark: undefined,
    bytesUp: 0,
    bytesDown: 0,
  }

  function set(next: Partial<Connection>): void {
    view = { ...view, ...next }
    changed()
  }

  function took({ relays, bytesUp, bytesDown }: NetworkStatus): void {
    set({ relays, bytesUp, bytesDown, workers: { ...view.workers, network: 'running' } })
  }

  return {
    view: () => view,
    block: (number) => set({ chain: { ...view.chain, reachable: true, block: number } }),
    chainDown: () => set({ chain: { ...view.chain, reachable: false } }),
    worker: (which, status) => set({ workers: { ...view.workers, [which]: status } }),
    // What was measured of another engine says nothing of this one.
    probed: (probe) => set({ probe, benchmark: undefined }),
    benchmarked: (benchmark) => set({ benchmark }),
    follow(door) {
      let stopped = false
      let timer: ReturnType<typeof setTimeout> | undefined
      async function ask(): Promise<void> {
        await door.status().then(took, () => set({ relays: view.relays.map(lost) }))
        if (!stopped) timer = setTimeout(() => void ask(), interval)
      }
      void ask()
      return () => {
        stopped = true
        clearTimeout(timer)
      }
    },
  }
}

function lost({ address }: { readonly address: string }): { address: string; connected: boolean } {
  return { address, connected: false }
}
