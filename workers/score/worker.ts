// The score worker: a model from the crypto worker, a test set from the vault, and nothing but a count goes out.
import * as Comlink from 'comlink'
import strict from '../tensors/kernels/index.ts?strict'
import * as Kernels from '../tensors/kernels.ts'
import * as Thrown from '../thrown.ts'
import type { Rows } from '../vault/api.ts'
import type { ScorePeer, ScoreWorker } from './api.ts'
import { evaluate } from './evaluate.ts'

Thrown.carryAdvice()

const vault = Promise.withResolvers<Comlink.Remote<Rows>>()
let compiling: Promise<WebAssembly.Module> | undefined

const peer: ScorePeer = {
  evaluate: async ({ model, weights, dataSet }) => {
    compiling ??= Kernels.compile([Kernels.inlined(strict)])
    const module = await compiling
    const rows = await vault.promise
    const { schema, shards, version } = await rows.open(dataSet)
    return await evaluate(module, model, weights, {
      schema,
      shards,
      shard: (index) => rows.shard(dataSet, version, index),
    })
  },
}

const api: ScoreWorker = {
  connect: (name, port) => {
    if (name === 'vault') vault.resolve(Comlink.wrap<Rows>(port))
    else Comlink.expose(peer, port)
  },
}

Comlink.expose(api)
