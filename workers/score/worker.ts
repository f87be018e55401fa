// The score worker: a model from the crypto worker, a test set from the vault, and nothing but a count goes out.
import * as Comlink from 'comlink'
import strict from '../tensors/kernels/index.ts?strict'
import * as Extractor from '../tensors/extractor.ts'
import * as Features from '../tensors/features.ts'
import * as Kernels from '../tensors/kernels.ts'
import * as Thrown from '../thrown.ts'
import type { Source } from '../tensors/batches.ts'
import type { Rows } from '../vault/ports.ts'
import { evaluate } from './evaluate.ts'
import type { ReleasedRows, ScorePeer, ScoreWorker } from './ports.ts'
import * as Released from './released.ts'

Thrown.carryAdvice()

const vault = Promise.withResolvers<Comlink.Remote<Rows>>()
const features = Features.create(async (...backbone) => Extractor.start(await kernels(), ...backbone))
let compiling: Promise<WebAssembly.Module> | undefined

function kernels(): Promise<WebAssembly.Module> {
  compiling ??= Kernels.compile([Kernels.inlined(strict)])
  return compiling
}

const peer: ScorePeer = {
  evaluate: async ({ model, weights, backbone, rows }) => {
    const { source, name } = await read(rows)
    const seen = features.of({ model, source, backbone, rows: name })
    return await evaluate(await kernels(), seen.model, weights, seen.source)
  },
}

/** Rows and what they are known by. */
async function read(
  rows: string | ReleasedRows,
): Promise<{ readonly source: Source; readonly name: string }> {
  if (typeof rows !== 'string') return { source: Released.source(rows), name: rows.commitment }
  const stored = await vault.promise
  const { schema, shards, version, dataSignature } = await stored.open(rows)
  const shard = (index: number) => stored.shard(rows, version, index)
  return { source: { schema, shards, shard }, name: dataSignature }
}

const api: ScoreWorker = {
  connect: (name, port) => {
    if (name === 'vault') vault.resolve(Comlink.wrap<Rows>(port))
    else Comlink.expose(peer, port)
  },
}

Comlink.expose(api)
