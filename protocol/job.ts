// A job: compute inside a task that is metered beside adding. Its description says all there is to do, so that anyone can do
// it again; its units follow from the description, never from who did it.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import * as v from 'valibot'
import * as Backbone from './backbone.ts'
import * as Codec from './codec.ts'
import type { Hex } from './codec.ts'
import * as DataSet from './dataSet.ts'
import * as Layer from './layer.ts'
import * as Model from './model.ts'
import * as TaskSpec from './taskSpec.ts'

/**
 * Multiplications with their additions that count as much as one compute unit, a coefficient that is checked, hashed and
 * added: by BENCHMARKS.md that takes about 0.18 µs, in which the engines do some two thousand.
 */
const multiplyAddsPerUnit = 2048
/** Of one step of training, in ways forward: one forward, and two back for the gradients of inputs and of weights. */
const waysOfTraining = 3
const kilounit = 1000

/** Jobs have numbers below this: parts of a warm start, then a round each. */
const mostJobs = TaskSpec.mostParts + 255
const number = v.pipe(Codec.count, v.maxValue(mostJobs - 1, `expected a number below ${mostJobs}`))
/** Most models that one job scores: those of 60 coalitions and of their complements. */
export const mostModels = 120
const positive = v.pipe(Codec.count, v.minValue(1, 'expected 1 or more'))

export const schema = v.variant('kind', [
  /**
   * Trains from `Model.initialise(spec.model, seed)` on a part of the data that the model provider releases, by the
   * spec's hyper-parameters but for the epochs. The weights after every `segment` steps, and at the end, are published.
   */
  v.strictObject({
    kind: v.literal('warmStart'),
    number,
    /** Digest of the task spec, which names model and training. */
    spec: Codec.digest32,
    schemaId: Codec.digest32,
    /** Index of the part. */
    part: v.pipe(
      Codec.count,
      v.maxValue(TaskSpec.mostParts - 1, `expected a part below ${TaskSpec.mostParts}`),
    ),
    /** Digests of the part's shards: dag-cbor as `DataSet.encodeShard` gives. */
    data: v.pipe(
      v.array(Codec.digest32),
      v.minLength(1, 'expected a shard'),
      v.maxLength(TaskSpec.mostShardsOfPart, `expected at most ${TaskSpec.mostShardsOfPart} shards`),
    ),
    samples: positive,
    epochs: positive,
    /** Of the initial weights and of the order of samples. */
    seed: Codec.count,
    segment: positive,
    /** As in the spec. */
    tolerance: v.pipe(v.number(), v.finite('expected a finite number')),
  }),
  /** Counts the correct predictions of each model on each sample of the test set, both sealed to the executors. */
  v.strictObject({
    kind: v.literal('score'),
    number,
    spec: Codec.digest32,
    round: v.pipe(positive, v.maxValue(255, 'expected at most 255')),
    models: v.pipe(positive, v.maxValue(mostModels, `expected at most ${mostModels} models`)),
    samples: positive,
    /** Digest of the dag-cbor object that holds models and test set, sealed. */
    subject: Codec.digest32,
  }),
])
type Frozen<job> = job extends object
  ? { readonly [key in keyof job]: job[key] extends readonly (infer item)[] ? readonly item[] : job[key] }
  : never
export type Job = Frozen<v.InferOutput<typeof schema>>
export type WarmStart = Extract<Job, { readonly kind: 'warmStart' }>
export type Score = Extract<Job, { readonly kind: 'score' }>

/** The only job that a spec has for this part; undefined where it has none. */
export function warmStart(spec: TaskSpec.TaskSpec, part: number): WarmStart | undefined {
  const { warmStart: start } = spec
  if (start === null || part >= start.parts) return undefined
  const { shards, samples, parts, epochs, segment, tolerance } = start
  const from = Math.floor((shards.length * part) / parts)
  const to = Math.floor((shards.length * (part + 1)) / parts)
  const missing = to === shards.length ? shards.length * DataSet.shardSize - samples : 0
  return {
    kind: 'warmStart',
    number: part,
    spec: hashOf(spec),
    schemaId: spec.schemaId,
    part,
    data: shards.slice(from, to),
    samples: (to - from) * DataSet.shardSize - missing,
    epochs,
    seed: spec.training.seed,
    segment,
    tolerance,
  }
}

/** The job that scores a round's coalitions; there is one for each round. */
export function score(
  spec: TaskSpec.TaskSpec,
  { round, models, subject }: Pick<Score, 'round' | 'models' | 'subject'>,
): Score {
  return {
    kind: 'score',
    number: parts(spec) + round - 1,
    spec: hashOf(spec),
    round,
    models,
    samples: spec.testSet.samples,
    subject,
  }
}

/** Whether a spec has this job: all but a score's models and subject follows from it. */
export function isOf(job: Job, spec: TaskSpec.TaskSpec): boolean {
  if (job.kind === 'score')
    return (
      spec.scoring === 'committee' && job.round <= spec.rounds && digest(job) === digest(score(spec, job))
    )
  const own = warmStart(spec, job.part)
  return own !== undefined && digest(job) === digest(own)
}

function hashOf(spec: TaskSpec.TaskSpec): Hex {
  const found = hashes.get(spec) ?? TaskSpec.hash(spec)
  hashes.set(spec, found)
  return found
}
/** Hashes of specs that were looked at before: one that names many shards is long. */
const hashes = new WeakMap<TaskSpec.TaskSpec, Hex>()

/** Jobs of a task have numbers below this. */
export function most(spec: TaskSpec.TaskSpec): number {
  return parts(spec) + (spec.scoring === 'committee' ? spec.rounds : 0)
}

function parts({ warmStart: start }: TaskSpec.TaskSpec): number {
  return start?.parts ?? 0
}

/** Most kilounits that one record pays a compute provider: what a lane holds. */
export const mostInRecord = 0xffff

/** Segments of a part: so many weights its executor publishes. */
export function segments({ samples, epochs, segment }: WarmStart, { training }: TaskSpec.TaskSpec): number {
  return Math.ceil((Math.ceil(samples / training.batchSize) * epochs) / segment)
}

/** What each who does the job, or does it again, is owed: compute units in thousands, rounded up. */
export function kilounits(job: Job, model: Model.Spec): number {
  const known = costs.get(job)
  if (known !== undefined) return known
  const forward = Model.layers(model).reduce((sum, layer) => sum + Layer.multiplyAdds(layer), 0)
  const times =
    job.kind === 'warmStart' ? waysOfTraining * job.samples * job.epochs : job.samples * job.models
  const work = forward * times + throughBackbone(job, model)
  const found = Math.ceil(work / multiplyAddsPerUnit / kilounit)
  costs.set(job, found)
  return found
}

/** Of the features that a head is trained or scored on: made once for each sample, or in each epoch where they are not kept. */
function throughBackbone(job: Job, model: Model.Spec): number {
  if (model.template !== 'head') return 0
  if (job.kind === 'score') return model.multiplyAdds * job.samples
  const { shardSize } = DataSet
  const room = shardSize * Math.floor(Backbone.keptBytes / (4 * model.features * shardSize))
  const kept = Math.min(job.samples, room)
  return model.multiplyAdds * (kept + (job.samples - kept) * job.epochs)
}

/** Of jobs that were looked at before; a job names its model. */
const costs = new WeakMap<Job, number>()

export function encode(job: Job): Uint8Array<ArrayBuffer> {
  return Codec.encode(job)
}

export function digest(job: Job): Hex {
  const known = digests.get(job)
  if (known !== undefined) return known
  const found = Codec.digestOf(Codec.cidOf(encode(job)))
  digests.set(job, found)
  return found
}
const digests = new WeakMap<Job, Hex>()

/** What `jobDone` names of counts: whoever counts the same, names the same. */
export function worthDigest(worth: readonly number[]): Hex {
  return Codec.digestOf(Codec.cidOf(Codec.encode(worth)))
}

/** Seats that may do a job, in the order of their turns: who does it, who checks it, who decides between them. */
export type Executors = readonly number[]

/** Who does a job, who checks it, who decides between them. */
export const mostExecutors = 3

/** Drawn from a block that nobody chose, so that nobody chooses a friend; of `seats` at most three. */
export function executors(job: number, blockHash: Hex, seats: readonly number[]): Executors {
  const place = (seat: number) => bytesToHex(keccak_256(utf8ToBytes(`job ${job} ${blockHash} ${seat}`)))
  const places = seats.map((seat) => ({ seat, at: place(seat) }))
  return places
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .slice(0, mostExecutors)
    .map(({ seat }) => seat)
}
