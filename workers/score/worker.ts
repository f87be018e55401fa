// The score worker: a model from the crypto worker, a test set from the vault, and nothing but a count goes out.
import * as tf from '@tensorflow/tfjs-core'
import * as wasm from '@tensorflow/tfjs-backend-wasm'
import wasmBytes from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url&inline'
import * as Comlink from 'comlink'
import * as Wasm from '../tensors/wasm.ts'
import * as Thrown from '../thrown.ts'
import type { Rows } from '../vault/api.ts'
import type { Source } from '../tensors/batches.ts'
import type { ReleasedRows, ScorePeer, ScoreWorker } from './api.ts'
import { evaluate } from './evaluate.ts'
import * as Released from './released.ts'

Thrown.carryAdvice()

const vault = Promise.withResolvers<Comlink.Remote<Rows>>()
let started: Promise<void> | undefined

const peer: ScorePeer = {
  evaluate: async ({ model, weights, rows }) => {
    started ??= Wasm.start(tf, wasm, Wasm.inlined(wasmBytes)).catch((error: unknown) => {
      started = undefined
      throw error
    })
    await started
    return await evaluate(tf, model, weights, await sourceOf(rows))
  },
}

async function sourceOf(rows: string | ReleasedRows): Promise<Source> {
  if (typeof rows !== 'string') return Released.source(rows)
  const stored = await vault.promise
  const { schema, shards, version } = await stored.open(rows)
  return { schema, shards, shard: (index) => stored.shard(rows, version, index) }
}

const api: ScoreWorker = {
  connect: (name, port) => {
    if (name === 'vault') vault.resolve(Comlink.wrap<Rows>(port))
    else Comlink.expose(peer, port)
  },
}

Comlink.expose(api)
