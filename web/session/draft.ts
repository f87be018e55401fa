// From what a model provider fills in to the spec and the terms that everybody signs.
import { randomBytes } from '@noble/hashes/utils.js'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Codec from '../../protocol/codec.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import type { Config } from '../../protocol/config.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Contribution from '../../protocol/contribution.ts'
import * as He from '../../protocol/he.ts'
import * as Invitation from '../../protocol/invitation.ts'
import * as Job from '../../protocol/job.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Relay from '../../protocol/relay.ts'
import * as Schema from '../../protocol/schema.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Update from '../../protocol/update.ts'
import * as Architecture from './architecture.ts'
import type { TaskDraft } from './view/draft.ts'

const day = 86_400

/** What works for a small model of this schema; amounts assume 18 decimals where the token's are unknown. */
export function initial(schemaId: Hex, decimals: number, local: boolean): TaskDraft {
  const unit = 10n ** BigInt(decimals)
  const schema = Schema.find(schemaId)
  return {
    title: '',
    description: '',
    schemaId,
    ...Architecture.initial(schema === undefined ? 'softmax' : Architecture.templates(schema)[0]),
    training: { epochs: 1, batchSize: 64, learningRate: 0.05, momentum: 0.9 },
    rounds: 5,
    targetAccuracy: 0,
    valueBits: 16,
    clip: 20,
    sampleCap: 20_000,
    minQuality: 0,
    testSet: '',
    warmStart: undefined,
    scoring: 'own',
    plan: 'equal',
    invited: [],
    dataPool: 100n * unit,
    computePool: 50n * unit,
    bond: 10n * unit,
    computeBond: unit,
    minDatas: 3,
    maxDatas: 16,
    minComputes: 2,
    maxComputes: 2,
    minCohort: 3,
    maxCohorts: 1,
    startWithin: local ? 3600 : 7 * day,
    timeouts: local ? { ready: 30, update: 300, commit: 120 } : { ready: 300, update: 3600, commit: 1800 },
    idleWindow: local ? 3600 : 2 * day,
    challengeWindow: local ? 5 : day,
  }
}

export type Made = { readonly id: Hex; readonly terms: Terms.Terms; readonly spec: TaskSpec.TaskSpec }

export type By = {
  readonly config: Config
  readonly modelProvider: Address
  /** Device key that signs openings. */
  readonly opener: Address
  readonly testSet: { readonly commitment: Hex; readonly samples: number }
  /** Digests of the shards that the warm start's data set is released in. */
  readonly released: { readonly shards: readonly Hex[]; readonly samples: number } | undefined
  /** Unix seconds. */
  readonly now: number
}

/** Refuses a draft that the market or a participant would refuse. */
export function make(draft: TaskDraft, by: By): Made {
  try {
    return assemble(draft, by)
  } catch (thrown) {
    throw thrown instanceof Codec.MalformedError ? new FieldError(thrown) : thrown
  }
}

function assemble(draft: TaskDraft, by: By): Made {
  const schema = Schema.find(draft.schemaId)
  if (schema === undefined) throw new Schema.UnknownError(draft.schemaId)
  if (draft.invited.length > 0 && draft.invited.length < draft.minDatas)
    throw new Codec.MalformedError('task', `invited: expected ${draft.minDatas} accounts or more`)
  const planned = Architecture.of(draft, schema)
  if ('misfit' in planned)
    throw new Codec.MalformedError('task', `${planned.misfit.part}: ${planned.misfit.sentence.slice(0, -1)}`)
  const { model } = planned
  const parameters = Model.parameterCount(model)
  const he = He.parametersFor(draft.valueBits, draft.maxDatas)
  const seed = new DataView(randomBytes(4).buffer).getUint32(0)
  const spec: TaskSpec.TaskSpec = checked({
    v: 1,
    title: draft.title.trim(),
    description: draft.description.trim(),
    schemaId: draft.schemaId,
    model,
    training: { ...draft.training, seed },
    he: { ...he, n: 4096 },
    clip: draft.clip,
    range: Update.rangeFor(draft.clip, parameters),
    sampleCap: draft.sampleCap,
    minimumQuality: draft.minQuality,
    rounds: draft.rounds,
    targetAccuracy: draft.targetAccuracy,
    testSet: by.testSet,
    timeouts: draft.timeouts,
    warmStart: warmStart(draft, by),
    scoring: draft.scoring,
  })
  assertPublishable(spec, parameters, draft.maxCohorts)
  const terms = Codec.parse(
    Terms.schema,
    Terms.toWire({
      modelProvider: by.modelProvider,
      opener: by.opener,
      token: by.config.token,
      plan: draft.plan,
      referee: Terms.noAddress,
      dataPool: draft.dataPool,
      computePool: draft.computePool,
      bond: draft.bond,
      computeBond: draft.computeBond,
      disputeBond: 0n,
      specHash: TaskSpec.hash(spec),
      schemaId: draft.schemaId,
      salt: hexOf(randomBytes(32)),
      words: (Packing.count(parameters, he) * Ciphertext.bytes) / 32,
      sampleCap: draft.sampleCap,
      unitsPerSignature,
      roundsPerEpoch,
      invited: draft.invited.length === 0 ? Terms.noHash : Invitation.root(draft.invited),
      idleWindow: draft.idleWindow,
      challengeWindow: draft.challengeWindow,
      startBy: by.now + draft.startWithin,
      minQuality: draft.minQuality,
      minDatas: draft.minDatas,
      maxDatas: draft.maxDatas,
      minComputes: draft.minComputes,
      maxComputes: draft.maxComputes,
      threshold: Math.floor((2 * draft.maxComputes) / 3) + 1,
      minCohort: draft.minCohort,
      maxCohorts: draft.maxCohorts,
      maxRounds: draft.rounds,
      paidRounds: draft.rounds,
      jobKilounits: jobKilounits(spec, draft.plan === 'equal' ? 0 : coalitionsOf(draft.maxCohorts)),
    }),
    'task',
  )
  return { id: Terms.id(by.config.market, terms), terms, spec }
}

/** Rounds between two draws of cohorts: the sets opened in them are kept apart, so more hide more, and drop more. */
const roundsPerEpoch = 4
/** Compute units for checking and signing one round; as much as adding a hundred thousand coefficients. */
const unitsPerSignature = 100_000

/** Steps between published weights: engines do not drift apart in so few. */
const segment = 16
/** Rounding stays far below; somebody who trains less or otherwise is far above. */
const tolerance = 0.01

/** As many parts as there are compute providers to train them at once, and shards to give each one. */
function warmStart(
  { warmStart: start, maxComputes, timeouts }: TaskDraft,
  { released }: By,
): TaskSpec.TaskSpec['warmStart'] {
  if (start === undefined || released === undefined) return null
  const parts = Math.min(maxComputes, released.shards.length)
  return { ...released, parts, epochs: start.epochs, segment, tolerance, seconds: timeouts.update }
}

/** Models that are scored each round with so many cohorts. */
function coalitionsOf(cohorts: number): number {
  return Contribution.coalitions(cohorts, Terms.noHash).length
}

/** Most kilounits of job work in the whole task: every job of the spec, done by all its executors. */
function jobKilounits(spec: TaskSpec.TaskSpec, coalitions: number): number {
  const parts = Array.from({ length: spec.warmStart?.parts ?? 0 }, (_, part) => Job.warmStart(spec, part))
  const warming = parts.reduce(
    (sum, job) => sum + (job === undefined ? 0 : Job.kilounits(job, spec.model)),
    0,
  )
  const subject = TaskSpec.hash(spec)
  const scoring =
    spec.scoring === 'committee' && coalitions > 0
      ? (spec.rounds - 1) *
        Job.kilounits(Job.score(spec, { round: 1, models: coalitions, subject }), spec.model)
      : 0
  // A record pays a seat so much at most, and a seat may be an executor of every job.
  const payable = Job.mostInRecord * spec.rounds
  if (warming + scoring > payable)
    throw new Codec.MalformedError(
      'task',
      `jobs: its rounds can pay ${payable} thousand units to one compute provider, and its jobs come to ${warming + scoring}; give fewer rows or passes away, or plan more rounds`,
    )
  return Job.mostExecutors * (warming + scoring)
}

/** Refuses what would not fit into one object of the network: then nobody could read it, or nobody score. */
function assertPublishable(spec: TaskSpec.TaskSpec, parameters: number, cohorts: number): void {
  const bytes = TaskSpec.encode(spec).length
  if (bytes > specBytes)
    throw new Codec.MalformedError(
      'task',
      `its description takes ${bytes} of ${specBytes} bytes; give fewer rows away`,
    )
  const subject = 4 * parameters * (1 + cohorts)
  if (spec.scoring === 'committee' && subject > Relay.limits.blockBytes - objectBytes)
    throw new Codec.MalformedError(
      'task',
      `scoring: what the committee would be shown takes ${subject} bytes, more than relays keep; count contributions yourself, or plan a smaller model or fewer groups`,
    )
}

/** Most bytes of a spec that participants fetch, and what an object takes beside its numbers. */
const specBytes = 64 * 1024
const objectBytes = 16 * 1024

/** Parses what was made, so that a field out of bounds is named before money moves. */
function checked(spec: TaskSpec.TaskSpec): TaskSpec.TaskSpec {
  return TaskSpec.decode(TaskSpec.encode(spec))
}

function hexOf(bytes: Uint8Array): Hex {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

export class FieldError extends BaseError {
  override readonly name = 'Draft.FieldError'
  constructor(cause: Codec.MalformedError) {
    super({
      message: cause.message.replace(/^This [a-z ]+ is malformed: /, 'The task does not fit: '),
      advice: 'Change that and try again.',
      safe: 'No money moved.',
      cause,
    })
  }
}
