// The score worker: a model from the crypto worker, a test set from the vault, and nothing but a count goes out.
import * as Comlink from 'comlink'
import strict from '../tensors/kernels/index.ts?strict'
import * as Kernels from '../tensors/kernels.ts'
import * as Thrown from '../thrown.ts'
import type { Rows } from '../vault/api.ts'
import type { Source } from '../tensors/batches.ts'
import type { ReleasedRows, ScorePeer, ScoreWorker } from './api.ts'
import { evaluate } from './evaluate.ts'
import * as Released from './released.ts'

Thrown.carryAdvice()

const vault = Promise.withResolvers<Comlink.Remote<Rows>>()
let compiling: Promise<WebAssembly.Module> | undefined

const peer: ScorePeer = {
  evaluate: async ({ model, weights, rows }) => {
    compiling ??= Kernels.compile([Kernels.inlined(strict)])
    return await evaluate(await compiling, model, weights, await sourceOf(rows))
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
