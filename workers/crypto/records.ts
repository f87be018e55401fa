// What the safe holds for each task and round, and how it is spelled there.
import * as v from 'valibot'
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'

/** Largest limit that can be set. */
const mostOpenings = 100_000

/** The model provider's current model: `SealedModel.content` after the sum of round `after` (0: none yet). */
const model = v.strictObject({ after: Codec.count, content: Codec.bytes })
export type Model = Readonly<v.InferOutput<typeof model>>

/** A round as it was announced. `secretKey` is empty once it was forgotten. `request` is the digest of what was asked: one round has one model and one key. */
const round = v.strictObject({
  request: Codec.digest32,
  secretKey: Codec.bytes,
  publicKey: Codec.bytes,
  modelHash: Codec.digest32,
  sealedModel: Codec.bytes,
  seconds: v.number(),
})
export type Round = Readonly<v.InferOutput<typeof round>>

/** A round whose sums are in the model, and what was counted on the test set: `worth` of each of `coalitions`. */
const opened = v.strictObject({
  sumRoots: v.array(Codec.digest32),
  sums: v.array(
    v.variant('digest', [
      v.strictObject({ digest: Codec.digest32 }),
      v.strictObject({
        digest: v.null(),
        discarded: v.picklist(['secret', 'guards', 'norm']),
        provider: v.nullable(Codec.address),
      }),
    ]),
  ),
  wrongShares: v.array(v.strictObject({ seat: Codec.count, provider: Codec.address })),
  nextModelHash: Codec.digest32,
  seconds: v.number(),
  coalitions: v.array(Codec.count),
  score: v.strictObject({
    correct: Codec.count,
    worth: v.array(Codec.count),
    total: Codec.count,
    seconds: v.number(),
  }),
})
export type Opened = Readonly<v.InferOutput<typeof opened>>

/** What a round's sums were, for executors of the job that scores it (`Subject.encodeContent`). */
const material = v.strictObject({ content: Codec.bytes })

/** What was sealed to them. */
const subject = v.strictObject({ subject: Codec.bytes })

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

/** A committee member's sealing key of an epoch; null once it was forgotten, so that no other takes its place. */
const sealing = v.strictObject({ secret: v.nullable(Codec.bytes) })

/** A data provider's masks of a round. The secrets go when the update is made, or the round is forgotten. */
const masked = v.strictObject({
  opened: Codec.digest32,
  account: Codec.address,
  masks: Masks.schema,
  secrets: v.nullable(v.strictObject({ key: Codec.bytes, seed: Codec.bytes })),
})
export type Masked = Readonly<v.InferOutput<typeof masked>>

/** What a committee member releases a round for. */
const release = v.strictObject({ record: Codec.digest32, epoch: Codec.count })

/** A share that was given out. */
const released = Masks.releasedSchema

/** A round into which a data set gave an update, or may; the id says which. */
const counted = v.strictObject({})

/** How many openings the owner of a data set allows. */
const limit = v.strictObject({
  limit: v.pipe(Codec.count, v.maxValue(mostOpenings, `expected at most ${mostOpenings} openings`)),
})

/** Of records: prefix of the id, and codec. */
function kind<const schema extends v.GenericSchema>(prefix: string, schema: schema) {
  return {
    prefix: `${prefix}/`,
    id: (task: Hex, ...of: readonly (number | Hex)[]) => [prefix, task, ...of].join('/'),
    encode: (record: v.InferInput<schema>) => Codec.encode(record),
    decode: (stored: Uint8Array) => Codec.decode(schema, stored, `stored ${prefix}`),
  }
}

export const models = kind('model', model)
export const rounds = kind('round', round)
export const openings = kind('opened', opened)
export const materials = kind('material', material)
export const subjects = kind('subject', subject)
export const updates = kind('update', update)
export const sealings = kind('sealing', sealing)
export const maskings = kind('masks', masked)
export const releases = kind('release', release)
export const shares = kind('share', released)
export const spent = kind('spent', counted)
export const held = kind('held', counted)
export const limits = kind('limit', limit)
