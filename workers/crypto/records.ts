// What the safe holds for each task and round, and how it is spelled there.
import * as v from 'valibot'
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'

/** The model provider's current model: `SealedModel.content` after the sum of round `after` (0: none yet). */
const model = v.strictObject({ after: Codec.count, content: Codec.bytes })
export type Model = Readonly<v.InferOutput<typeof model>>

/** A round as it was announced. `request` is the digest of what was asked: one round has one model and one key. */
const round = v.strictObject({
  request: Codec.digest32,
  secretKey: Codec.bytes,
  publicKey: Codec.bytes,
  modelHash: Codec.digest32,
  sealedModel: Codec.bytes,
  seconds: v.number(),
})
export type Round = Readonly<v.InferOutput<typeof round>>

/** A round whose sums are in the model; `score` follows, since it can be repeated and adding cannot. */
const opened = v.strictObject({
  sumRoots: v.array(Codec.digest32),
  sumDigests: v.array(Codec.digest32),
  nextModelHash: Codec.digest32,
  seconds: v.number(),
  score: v.nullable(v.strictObject({ correct: Codec.count, total: Codec.count, seconds: v.number() })),
})
export type Opened = Readonly<v.InferOutput<typeof opened>>

/** A finished update, resent unchanged whenever it is asked for again. */
const update = v.strictObject({
  opened: Codec.digest32,
  cohorts: Codec.digest32,
  ciphertexts: v.array(Codec.bytes),
  root: Codec.digest32,
  backend: v.picklist(['webgpu', 'wasm', 'cpu']),
  samples: Codec.count,
  loss: v.number(),
  seconds: v.strictObject({ train: v.number(), encrypt: v.number() }),
})
export type Update = Readonly<v.InferOutput<typeof update>>

/** Of records: prefix of the id, and codec. */
function kind<const schema extends v.GenericSchema>(prefix: string, schema: schema) {
  return {
    prefix: `${prefix}/`,
    id: (task: Hex, of?: number) => (of === undefined ? `${prefix}/${task}` : `${prefix}/${task}/${of}`),
    encode: (record: v.InferInput<schema>) => Codec.encode(record),
    decode: (stored: Uint8Array) => Codec.decode(schema, stored, `stored ${prefix}`),
  }
}

export const models = kind('model', model)
export const rounds = kind('round', round)
export const openings = kind('opened', opened)
export const updates = kind('update', update)
