// What the model provider has of a cohort once its sum is open: real training, clip, weight, quantiser and addition.
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Schema from '../../protocol/schema.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import * as He from '../../protocol/he.ts'
import * as Update from '../../protocol/update.ts'
import * as Round from '../../workers/train/round.ts'
import type { Engine } from '../../workers/train/engines.ts'
import * as Examples from '../examples.ts'
import * as Pictures from './pictures.ts'

export type Task = {
  readonly model: Model.Spec
  readonly training: Model.Training
  readonly rules: Update.Rules
  readonly weights: Float32Array
}

/** Σ (local − global) · weight as the sum's levels say it, one number for each parameter. */
export async function sum(
  engine: Engine,
  { model, training, rules, weights }: Task,
  cohort: readonly Pictures.Pictures[],
): Promise<Float64Array> {
  const parameters = Model.parameterCount(model)
  const total = new BigUint64Array(Packing.count(parameters, rules.he) * He.degree)
  const samples: number[] = []
  for (const data of cohort) {
    const job = { model, training, weights, round: 1 }
    const trained = await Round.train(engine, job, Examples.sourceOf(Schema.digits, shards(data)))
    const change = Update.difference(trained.weights, weights, trained.samples, rules)
    const levels = Update.quantise(change, rules, random(parameters * Update.randomBytes, samples.length))
    Packing.pack(levels, rules.he).forEach((plain, at) => {
      new BigUint64Array(plain.buffer).forEach((word, i) => {
        total[at * He.degree + i] = (total[at * He.degree + i] ?? 0n) + word
      })
    })
    samples.push(trained.samples)
  }
  const plains = Array.from({ length: total.length / He.degree }, (_, at) =>
    new Uint8Array(total.buffer).subarray(at * Packing.plainBytes, (at + 1) * Packing.plainBytes),
  )
  const levels = Packing.unpack(plains, parameters, rules.he)
  Update.assertNorm({ levels, samples }, rules)
  const offset = samples.length * Update.zeroPoint(rules.he)
  return Float64Array.from(levels, (level) => (level - offset) * Update.step(rules))
}

/** As the vault would hold them. */
export function shards({ pixels, labels }: Pictures.Pictures): DataSet.Shard[] {
  const found: DataSet.Shard[] = []
  for (let from = 0; from < labels.length; from += DataSet.shardSize) {
    const count = Math.min(DataSet.shardSize, labels.length - from)
    const part = pixels.subarray(from * Pictures.size, (from + count) * Pictures.size)
    found.push({
      samples: count,
      features: Uint8Array.from(part, (pixel) => Math.round(pixel * 255)),
      labels: labels.slice(from, from + count),
    })
  }
  return found
}

/** The same each time, so that figures can be repeated. */
function random(length: number, provider: number): Uint8Array {
  const prng = Prng.from(11, provider)
  return new Uint8Array(Uint32Array.from({ length: Math.ceil(length / 4) }, prng).buffer)
}
