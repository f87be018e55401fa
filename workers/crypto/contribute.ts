// A data provider's part of a round: open the model, have it trained, mask and encrypt what changed, once and for all.
import { BaseError } from '../../protocol/errors.ts'
import * as Masks from '../../protocol/masks.ts'
import * as Model from '../../protocol/model.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Update from '../../protocol/update.ts'
import type { Progress } from '../progress.ts'
import type { TrainPeer } from '../train/ports.ts'
import type { Versions } from '../vault/ports.ts'
import type { ContributeRequest, Contribution } from './api.ts'
import * as Box from './box.ts'
import * as Identity from './identity.ts'
import * as Ledger from './ledger.ts'
import * as Masking from './masking.ts'
import { protect } from './protect.ts'
import * as Records from './records.ts'
import * as Rules from './rules.ts'
import type { Safe } from './safe.ts'
import type { Seal } from './seal.ts'

export type Means = {
  readonly safe: Safe
  readonly seal: Seal
  readonly train: TrainPeer
  readonly versions: Versions
}

/**
 * The bytes are stored before they are returned, and stay the only ones that this device ever gives for the round: with
 * them the secrets of the masks are erased, so that no other update can be made under the same masks, and the opening
 * that they may become is counted.
 */
export async function contribute(
  request: ContributeRequest,
  means: Means,
  progress: Progress,
): Promise<Records.Update> {
  const { task, round } = request.place
  const id = Records.updates.id(task, round)
  const before = await means.safe.get(id)
  if (before !== undefined) return Records.updates.decode(before)
  const own = await Masking.masksOf(request, means.safe)
  const origin = await means.versions.origin(request.dataSet, request.dataSignature)
  await Ledger.hold(request.place, origin, means.safe)
  const made = await make(request, own, means, progress)
  const spent = { ...own, masks: Masks.toWire(own.masks), secrets: null }
  const stored = await Ledger.spend(request.place, origin, means.safe, (counted) =>
    means.safe.create([
      { id, bytes: Records.updates.encode(made) },
      { id: Records.maskings.id(task, round), bytes: Records.maskings.encode(spent), replaces: true },
      counted,
    ]),
  )
  return Records.updates.decode(stored)
}

/** What the app is given; refuses to show an update to those who were promised another. */
export function shown(update: Records.Update, request: ContributeRequest): Contribution {
  const { opened, cohorts, ciphertexts, ...rest } = update
  if (opened !== request.opened || cohorts !== request.cohorts) throw new ConflictError(request.place.round)
  return { ...rest, ciphertexts: ciphertexts.map((words) => new Uint8Array(words)) }
}

async function make(
  request: ContributeRequest,
  own: Records.Masked,
  { safe, seal, train }: Means,
  progress: Progress,
): Promise<Records.Update> {
  const spec = TaskSpec.decode(request.spec)
  const rules = Rules.of(spec)
  const global = await openModel(request, safe)
  Model.assertWeights(spec.model, global)

  const trained = await train.train(
    {
      model: spec.model,
      training: spec.training,
      weights: global.slice(),
      backbone: request.backbone,
      dataSet: request.dataSet,
      dataSignature: request.dataSignature,
      round: request.place.round,
    },
    progress,
  )

  const started = performance.now()
  const change = Update.difference(trained.weights, global, request.samples, rules)
  const masks = await Masking.streams(own, request)
  const { ciphertexts, root } = await protect(change, rules, masks, request.publicKey, seal, (done, total) =>
    progress({ label: 'encrypting', done, total }),
  )
  return {
    opened: request.opened,
    cohorts: request.cohorts,
    ciphertexts: [...ciphertexts],
    root,
    backend: trained.backend,
    samples: trained.samples,
    loss: trained.loss,
    seconds: { train: trained.seconds, encrypt: (performance.now() - started) / 1000 },
  }
}

async function openModel(
  { sealedModel, place, modelHash }: ContributeRequest,
  safe: Safe,
): Promise<Float32Array<ArrayBuffer>> {
  const keys = await Identity.keys(safe)
  const { account } = Identity.shown(keys)
  const content = await Box.open(sealedModel, { ...place, of: 'model' }, account, keys.box)
  return SealedModel.weightsOf(content, modelHash)
}

export class ConflictError extends BaseError {
  override readonly name = 'Contribution.ConflictError'
  constructor(round: number) {
    super({
      message: `This device has already encrypted an update for another opening of round ${round}.`,
      advice:
        'This round is given up here: two updates for one round would tell more than one. The next round counts.',
      safe: 'Your data and your pay for other rounds are not touched.',
    })
  }
}
