// The model provider's part of a round: announce a model under a fresh key, then open the sums and move the model.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as He from '../../protocol/he.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'
import * as Subject from '../../protocol/subject.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Update from '../../protocol/update.ts'
import * as Weights from '../../protocol/weights.ts'
import type { ScorePeer } from '../score/ports.ts'
import type { FederateRequest, OpenRequest, OpenedRound, PrepareRequest, PreparedRound } from './api.ts'
import * as Box from './box.ts'
import * as Coalitions from './coalitions.ts'
import { ForgottenError } from './masking.ts'
import * as Records from './records.ts'
import * as Rules from './rules.ts'
import type { Safe } from './safe.ts'
import type { Seal } from './seal.ts'
import * as Stream from './stream.ts'
import * as Tree from './tree.ts'
import * as Unmask from './unmask.ts'

type Discarded = Extract<OpenedRound['sums'][number], { readonly digest: null }>

/** One round has one key and one model: asked again, the same answer; asked for something else, none. */
export async function prepare(
  request: PrepareRequest,
  { safe, seal }: { readonly safe: Safe; readonly seal: Seal },
): Promise<PreparedRound> {
  const { task, round, recipients } = request
  const asked = requestDigest(request)
  const id = Records.rounds.id(task, round)
  const before = await safe.get(id)
  if (before !== undefined) return announced(Records.rounds.decode(before), asked, round)

  const started = performance.now()
  const spec = TaskSpec.decode(request.spec)
  Rules.of(spec)
  const model = await modelBefore(round, task, spec, safe)
  const pair = seal.keyPair()
  const record: Records.Round = {
    request: asked,
    ...pair,
    modelHash: SealedModel.hash(model.content),
    sealedModel: await Box.seal(new Uint8Array(model.content), { task, round, of: 'model' }, recipients),
    seconds: (performance.now() - started) / 1000,
  }
  const stored = await safe.create([
    { id, bytes: Records.rounds.encode(record) },
    { id: Records.models.id(task), bytes: Records.models.encode(model) },
  ])
  return announced(Records.rounds.decode(stored), asked, round)
}

/**
 * Adds the cohorts' sums to the model, scores it and what coalitions of cohorts would have made of it, and stores model
 * and counts at once. Asked again, the same; where scoring failed, all of it is done again.
 */
export async function open(
  request: OpenRequest,
  means: { readonly safe: Safe; readonly seal: Seal; readonly score: ScorePeer },
): Promise<OpenedRound> {
  const { task, round } = request.place
  const before = await means.safe.get(Records.openings.id(task, round))
  const opened = before === undefined ? await move(request, means) : Records.openings.decode(before)
  if (opened.sumRoots.join() !== request.cohorts.map(({ sumRoot }) => sumRoot).join())
    throw new RepeatedError(round, 'opened with other sums')
  if (opened.coalitions.join() !== request.coalitions.join())
    throw new RepeatedError(round, 'scored for other coalitions')
  const { sums, wrongShares, nextModelHash, score } = opened
  const { correct, worth, total, seconds } = score
  return {
    ...{ sums, wrongShares, nextModelHash, correct, worth, total },
    seconds: { decrypt: opened.seconds, score: seconds },
  }
}

/** Forms the first model as the mean of where the parts of a warm start ended, by samples; a model that is there stays. */
export async function federate({ task, parts, ...request }: FederateRequest, safe: Safe): Promise<void> {
  const spec = TaskSpec.decode(request.spec)
  const ends = parts.map((part) => ({ ...part, weights: Weights.fromBytes(part.weights) }))
  for (const { weights } of ends) Model.assertWeights(spec.model, weights)
  const total = ends.reduce((sum, { samples }) => sum + samples, 0)
  const first = Model.initialise(spec.model, spec.training.seed)
  const mean = first.map((_, i) =>
    ends.reduce((sum, { weights, samples }) => sum + ((weights[i] ?? 0) * samples) / total, 0),
  )
  const content = SealedModel.content(salt(), ends.length === 0 ? first : mean)
  await safe.create([{ id: Records.models.id(task), bytes: Records.models.encode({ after: 0, content }) }])
}

/** The model provider's own weights of a task, as they are now. */
export async function currentWeights(
  task: Hex,
  spec: TaskSpec.TaskSpec,
  safe: Safe,
): Promise<Float32Array<ArrayBuffer>> {
  return weightsOf((await currentModel(task, safe)).content, spec)
}

async function currentModel(task: Hex, safe: Safe): Promise<Records.Model> {
  const stored = await safe.get(Records.models.id(task))
  if (stored === undefined) throw new UnknownError('no model of this task')
  return Records.models.decode(stored)
}

function weightsOf(content: Uint8Array, spec: TaskSpec.TaskSpec): Float32Array<ArrayBuffer> {
  const weights = SealedModel.weightsOf(content, SealedModel.hash(content))
  Model.assertWeights(spec.model, weights)
  return weights
}

async function move(
  request: OpenRequest,
  { safe, seal, score }: { readonly safe: Safe; readonly seal: Seal; readonly score: ScorePeer },
): Promise<Records.Opened> {
  const { cohorts, coalitions, testSet } = request
  const { task, round } = request.place
  const spec = TaskSpec.decode(request.spec)
  const rules = Rules.of(spec)
  const stored = await safe.get(Records.rounds.id(task, round))
  if (stored === undefined) throw new UnknownError(`no key of round ${round}`)
  const { secretKey } = Records.rounds.decode(stored)
  if (secretKey.length === 0) throw new ForgottenError(`the key of round ${round}`)
  const { content: before } = await currentModel(task, safe)
  const global = weightsOf(before, spec)
  const parameters = Model.parameterCount(spec.model)

  const started = performance.now()
  if (cohorts.length === 0) throw new UnknownError(`no sum in round ${round}`)
  const secrets: Unmask.Secrets[] = []
  for (const { sum, sumRoot, members } of cohorts) {
    He.assertSummable(rules.he, members.filter(({ survived }) => survived).length)
    if (Tree.root(sum) !== sumRoot) throw new RootError(round)
    secrets.push(await Unmask.restore(members, request.threshold, round))
  }
  const found: (Update.Sum | Discarded)[] = []
  for (const [i, cohort] of cohorts.entries()) {
    const { liar, of = new Map<Hex, Uint8Array>() } = secrets[i] ?? {}
    if (liar !== undefined) found.push({ digest: null, discarded: 'secret', provider: liar })
    else
      found.push(await sumOf(request, cohort, of, parameters, rules, (sum) => seal.decrypt(secretKey, sum)))
  }
  const seconds = (performance.now() - started) / 1000
  const sums = found.map((each) => ('levels' in each ? each : undefined))
  const next = Coalitions.modelOf(
    sums.map((_, at) => at),
    { global, sums, rules },
  )
  const content = next === global ? before : SealedModel.content(salt(), next)
  const record: Records.Opened = {
    sumRoots: cohorts.map(({ sumRoot }) => sumRoot),
    sums: found.map((each) => ('levels' in each ? { digest: sumDigest(each) } : each)),
    wrongShares: secrets.flatMap(({ wrongShares }) => wrongShares),
    nextModelHash: SealedModel.hash(content),
    seconds,
    coalitions: [...coalitions],
    score: await Coalitions.score({ global, sums, rules }, coalitions, (weights) =>
      score.evaluate({ model: spec.model, weights, backbone: request.backbone, rows: testSet }),
    ),
  }
  const model = Records.models.encode({ after: round, content })
  const material = Records.materials.encode({
    content: Subject.encodeContent({ global, sums, coalitions: [] }),
  })
  const first = await safe.create([
    { id: Records.openings.id(task, round), bytes: Records.openings.encode(record) },
    { id: Records.models.id(task), bytes: model, replaces: true },
    ...(spec.scoring === 'committee' && round < spec.rounds
      ? [{ id: Records.materials.id(task, round), bytes: material }]
      : []),
  ])
  // Scored or not, an older round is scored no more.
  const older = (await safe.ids(`${Records.materials.id(task)}/`)).filter(
    (id) => id !== Records.materials.id(task, round),
  )
  await safe.remove(older)
  return Records.openings.decode(first)
}

/** Decrypts one cohort's sum and takes the masks off; only what passes every check is looked at any further. */
export async function sumOf(
  { place, opened, cohortsDigest }: Pick<OpenRequest, 'place' | 'opened' | 'cohortsDigest'>,
  { sum, members }: Pick<OpenRequest['cohorts'][number], 'sum' | 'members'>,
  secrets: ReadonlyMap<Hex, Uint8Array>,
  parameters: number,
  rules: Update.Rules,
  decrypt: (sum: readonly Uint8Array[]) => readonly Uint8Array[],
): Promise<Update.Sum | Discarded> {
  const masks = Unmask.streams(members, secrets, place, { opened, cohorts: cohortsDigest })
  const plains = await Stream.apply(decrypt(sum), masks)
  try {
    const samples = members.filter(({ survived }) => survived).map((survivor) => survivor.samples)
    const found = { levels: Packing.unpack(plains, parameters, rules.he), samples }
    Update.assertNorm(found, rules)
    return found
  } catch (cause) {
    if (cause instanceof Packing.GuardError) return { digest: null, discarded: 'guards', provider: null }
    if (cause instanceof Update.NormError) return { digest: null, discarded: 'norm', provider: null }
    throw cause
  }
}

/** The stored model, or the spec's first. */
async function modelBefore(
  round: number,
  task: Hex,
  spec: TaskSpec.TaskSpec,
  safe: Safe,
): Promise<Records.Model> {
  const stored = await safe.get(Records.models.id(task))
  if (stored === undefined) {
    const weights = Model.initialise(spec.model, spec.training.seed)
    return { after: 0, content: SealedModel.content(salt(), weights) }
  }
  const model = Records.models.decode(stored)
  if (model.after >= round) throw new RepeatedError(round, 'opened already')
  return model
}

function announced(record: Records.Round, asked: Hex, round: number): PreparedRound {
  if (record.request !== asked) throw new RepeatedError(round, 'prepared for other participants')
  const { modelHash, sealedModel, publicKey, seconds } = record
  return { modelHash, sealedModel, publicKey, seconds }
}

function requestDigest({ task, round, spec, recipients }: PrepareRequest): Hex {
  const named = recipients.map(({ account, box }) => ({ account, box }))
  return `0x${bytesToHex(sha256(Codec.encode([task, round, spec, named])))}`
}

/** Salted, since the levels of a sum could be guessed; the salt is thrown away with the sum. */
function sumDigest({ levels }: Update.Sum): Hex {
  const hash = sha256.create().update(salt())
  const words = new DataView(new ArrayBuffer(levels.length * 4))
  levels.forEach((level, i) => words.setUint32(i * 4, level, true))
  return `0x${bytesToHex(hash.update(new Uint8Array(words.buffer)).digest())}`
}

function salt(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(32))
}

export class RootError extends BaseError {
  override readonly name = 'Round.RootError'
  constructor(round: number) {
    super({
      message: `The sum of round ${round} is not the one committed to on the chain.`,
      advice: 'Fetch it again from another relay; every committee member holds it.',
      safe: 'Nothing was opened, and the model is as it was.',
    })
  }
}

export class RepeatedError extends BaseError {
  override readonly name = 'Round.RepeatedError'
  constructor(round: number, how: string) {
    super({
      message: `Round ${round} was ${how}.`,
      advice: 'Open the next round; two versions of one round would cost the bond.',
      safe: 'The model and its keys are stored as they were.',
    })
  }
}

export class UnknownError extends BaseError {
  override readonly name = 'Round.UnknownError'
  constructor(what: string) {
    super({
      message: `This device has ${what}.`,
      advice: 'Go on with the device that made the task, or restore its backup here.',
    })
  }
}
