// What the app may ask of the train worker. Types only.
import type { Benchmark } from '../../protocol/benchmark.ts'
import type { WarmStart } from '../../protocol/job.ts'
import type { Progress } from '../progress.ts'

export type Backend = 'webgpu' | 'wasm' | 'cpu'

export type ProbeResult = {
  readonly backend: Backend
  /** Of the processor that work on a batch; 1 where it does not. */
  readonly threads: number
  readonly samplesPerSecond: number
  /** What the browser says of the adapter; `software` adapters are not GPUs. */
  readonly adapter: string
  readonly software: boolean
  /** Why this backend was chosen, as a sentence. */
  readonly reason: string
}

/** A warm start's part: what to train, from what its model provider released. */
export type WarmStartRequest = {
  /** dag-cbor of the TaskSpec. */
  readonly spec: Uint8Array
  readonly job: WarmStart
  /** Of `job.data`, in its order; checked against their digests. */
  readonly shards: readonly Uint8Array[]
  /** dag-cbor of the backbone that a head builds on. */
  readonly backbone?: Uint8Array | undefined
}

export type Train = {
  /** Weights after each segment, little-endian float32. They are as public as what they are made of. */
  warmStart(request: WarmStartRequest, progress: Progress): Promise<readonly Uint8Array[]>
  /** Whether walking each segment again from the published weights before it ends near those after it. */
  checkWarmStart(
    request: WarmStartRequest & { readonly published: readonly Uint8Array[] },
    progress: Progress,
  ): Promise<boolean>
  /** Measures about 200 ms per backend, keeps the fastest, or the forced one. */
  probe(forced?: Backend): Promise<ProbeResult>
  /** How fast the chosen backend does what is published (`protocol/benchmark.ts`); waits for training under way. */
  benchmark(): Promise<Pick<Benchmark, 'training' | 'matmul'>>
  /** Ends what is trained and what waits for its turn. */
  abort(): Promise<void>
}
