// The score worker: a model from the crypto worker, a test set from the vault, and nothing but a count goes out.
import * as tf from '@tensorflow/tfjs-core'
import * as wasm from '@tensorflow/tfjs-backend-wasm'
import wasmBytes from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url&inline'
import * as Comlink from 'comlink'
import * as Features from '../tensors/features.ts'
import * as Forward from '../tensors/forward.ts'
import * as Wasm from '../tensors/wasm.ts'
import * as Thrown from '../thrown.ts'
import type { Rows } from '../vault/api.ts'
import type { ScorePeer, ScoreWorker } from './api.ts'
import { evaluate } from './evaluate.ts'

Thrown.carryAdvice()

const vault = Promise.withResolvers<Comlink.Remote<Rows>>()
const features = Features.create((backbone) => Promise.resolve(Forward.extractor(tf, backbone)))
let started: Promise<void> | undefined

const peer: ScorePeer = {
  evaluate: async ({ model, weights, backbone, dataSet }) => {
    started ??= Wasm.start(tf, wasm, Wasm.inlined(wasmBytes)).catch((error: unknown) => {
      started = undefined
      throw error
    })
    await started
    const rows = await vault.promise
    const { schema, shards, version, dataSignature } = await rows.open(dataSet)
    const found = features.of({
      model,
      source: { schema, shards, shard: (index) => rows.shard(dataSet, version, index) },
      backbone,
      rows: dataSignature,
    })
    return await evaluate(tf, found.model, weights, found.source)
  },
}

const api: ScoreWorker = {
  connect: (name, port) => {
    if (name === 'vault') vault.resolve(Comlink.wrap<Rows>(port))
    else Comlink.expose(peer, port)
  },
}

Comlink.expose(api)
