// From what a model provider fills in to the spec and the terms that everybody signs.
import { randomBytes } from '@noble/hashes/utils.js'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Codec from '../../protocol/codec.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import type { Config } from '../../protocol/config.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as He from '../../protocol/he.ts'
import * as Invitation from '../../protocol/invitation.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Schema from '../../protocol/schema.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Update from '../../protocol/update.ts'
import type { TaskDraft } from './api.ts'

const day = 86_400

/** What works for a small model of this schema; amounts assume 18 decimals where the token's are unknown. */
export function initial(schemaId: Hex, decimals: number, local: boolean): TaskDraft {
  const unit = 10n ** BigInt(decimals)
  const isImage = Schema.find(schemaId)?.kind === 'image'
  return {
    title: '',
    description: '',
    schemaId,
    template: isImage ? 'mlp' : 'softmax',
    hidden: isImage ? [41] : [],
    training: { epochs: 1, batchSize: 64, learningRate: 0.05, momentum: 0.9 },
    rounds: 5,
    targetAccuracy: 0,
    valueBits: 16,
    clip: 20,
    sampleCap: 20_000,
    minQuality: 0,
    testSet: '',
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
    idleWindow: local ? 900 : 2 * day,
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
  const sizes = { inputs: Schema.inputs(schema), classes: Schema.classes(schema) }
  const model: Model.Spec =
    draft.template === 'softmax'
      ? { template: 'softmax', ...sizes }
      : { template: 'mlp', ...sizes, hidden: draft.hidden }
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
  })
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
      jobKilounits: 0,
    }),
    'task',
  )
  return { id: Terms.id(by.config.market, terms), terms, spec }
}

/** Rounds between two draws of cohorts: the sets opened in them are kept apart, so more hide more, and drop more. */
const roundsPerEpoch = 4
/** Compute units for checking and signing one round; as much as adding a hundred thousand coefficients. */
const unitsPerSignature = 100_000

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
