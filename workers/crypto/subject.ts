// Scoring by the committee: the model provider seals what a round's sums were, an executor counts on it.
import { BaseError } from '../../protocol/errors.ts'
import * as Model from '../../protocol/model.ts'
import * as Subject from '../../protocol/subject.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import type { ScorePeer } from '../score/ports.ts'
import type { ScoreRequest, SealSubjectRequest } from './api.ts'
import * as Box from './box.ts'
import * as Coalitions from './coalitions.ts'
import * as Identity from './identity.ts'
import * as Records from './records.ts'
import * as Rules from './rules.ts'
import type { Safe } from './safe.ts'

/** Seals what was kept when the round was opened; the same bytes when asked again, for nobody else. */
export async function seal(request: SealSubjectRequest, safe: Safe): Promise<Uint8Array<ArrayBuffer>> {
  const { task, round, coalitions, recipients, shards, salt } = request
  const id = Records.subjects.id(task, round)
  const before = await safe.get(id)
  if (before !== undefined) return new Uint8Array(Records.subjects.decode(before).subject)
  const kept = await safe.get(Records.materials.id(task, round))
  if (kept === undefined) throw new UnknownError(round)
  const { content } = Records.materials.decode(kept)
  const material = Subject.decodeContent(content)
  const sealed = await Box.seal(
    Subject.encodeContent({ ...material, coalitions }),
    { task, round, of: 'subject' },
    recipients,
  )
  const subject = Subject.encode({ v: 1, sealed, shards: [...shards], salt: new Uint8Array(salt) })
  const first = await safe.create([{ id, bytes: Records.subjects.encode({ subject }) }])
  await safe.remove([Records.materials.id(task, round)])
  return new Uint8Array(Records.subjects.decode(first).subject)
}

/** Correct predictions of each coalition's model on the test set, which must be the one that the spec commits to. */
export async function score(
  request: ScoreRequest,
  { safe, score: peer }: { readonly safe: Safe; readonly score: ScorePeer },
): Promise<readonly number[]> {
  const { task, round, models, account, shards, backbone } = request
  const spec = TaskSpec.decode(request.spec)
  const { sealed, salt } = Subject.decode(request.subject, request.digest)
  const keys = await Identity.keys(safe)
  const content = await Box.open(sealed, { task, round, of: 'subject' }, account, keys.box)
  const { global, sums, coalitions } = Subject.decodeContent(content)
  if (coalitions.length !== models) throw new ModelsError(coalitions.length, models)
  Model.assertWeights(spec.model, global)
  if (sums.some((sum) => sum !== undefined && sum.levels.length !== global.length))
    throw new Model.WeightsError('a sum has another number of levels')
  const scored = { global, sums, rules: Rules.of(spec) }
  const { worth, total } = await Coalitions.score(scored, coalitions, (weights) =>
    peer.evaluate({
      model: spec.model,
      weights,
      backbone,
      rows: { schemaId: spec.schemaId, shards, salt, commitment: spec.testSet.commitment },
    }),
  )
  // Paid by what the spec says: rows beyond it are not scored for nothing.
  if (total !== spec.testSet.samples) throw new Subject.TestSetError()
  return worth
}

export class UnknownError extends BaseError {
  override readonly name = 'Subject.UnknownError'
  constructor(round: number) {
    super({
      message: `This device did not keep the sums of round ${round}, so nobody else can score them.`,
      advice: 'The round is scored by the model provider alone.',
    })
  }
}

export class ModelsError extends BaseError {
  override readonly name = 'Subject.ModelsError'
  constructor(sealed: number, paid: number) {
    super({
      message: `A job pays for scoring ${paid} models and holds ${sealed}.`,
      advice: 'Nothing needs doing: the job is left to others.',
    })
  }
}
