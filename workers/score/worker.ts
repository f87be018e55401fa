// The score worker: a model from the crypto worker, a test set from the vault, and nothing but a count goes out.
import * as Comlink from 'comlink'
import strict from '../tensors/kernels/index.ts?strict'
import * as Extractor from '../tensors/extractor.ts'
import * as Features from '../tensors/features.ts'
import * as Kernels from '../tensors/kernels.ts'
import * as Thrown from '../thrown.ts'
import type { Rows } from '../vault/api.ts'
import type { ScorePeer, ScoreWorker } from './api.ts'
import { evaluate } from './evaluate.ts'

Thrown.carryAdvice()

const vault = Promise.withResolvers<Comlink.Remote<Rows>>()
const features = Features.create(async (...backbone) => Extractor.start(await kernels(), ...backbone))
let compiling: Promise<WebAssembly.Module> | undefined

function kernels(): Promise<WebAssembly.Module> {
  compiling ??= Kernels.compile([Kernels.inlined(strict)])
  return compiling
}

const peer: ScorePeer = {
  evaluate: async ({ model, weights, backbone, dataSet }) => {
    const rows = await vault.promise
    const { schema, shards, version, dataSignature } = await rows.open(dataSet)
    const seen = features.of({
      model,
      source: { schema, shards, shard: (index) => rows.shard(dataSet, version, index) },
      backbone,
      rows: dataSignature,
    })
    return await evaluate(await kernels(), seen.model, weights, seen.source)
  },
}

const api: ScoreWorker = {
  connect: (name, port) => {
    if (name === 'vault') vault.resolve(Comlink.wrap<Rows>(port))
    else Comlink.expose(peer, port)
  },
}

Comlink.expose(api)
