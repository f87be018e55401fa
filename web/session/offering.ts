// Makes offers: signed by the account, announced on the market's topic, answered while they are not withdrawn.
import * as Envelope from '../../protocol/envelope.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Topic from '../../protocol/topic.ts'
import type { Session } from './api.ts'
import type { Parts } from './parts.ts'
import * as Speed from './speed.ts'
import type { ComputeOfferView, DataOfferView } from './view/market.ts'

export async function data(
  { shelf, config, board, mail, place, matching, purse, now }: Parts,
  { dataSet: id, floor, expiresIn }: Parameters<Session['offerData']>[0],
): Promise<DataOfferView> {
  const dataSet = shelf.find(id)
  if (dataSet === undefined) throw new DataSetError()
  const { schemaId, quality, samples, dataSignature } = dataSet
  const { account, device, box } = matching.me()
  const expires = now() + expiresIn
  const offer = {
    account,
    schemaId,
    quality,
    samples,
    dataSignature,
    token: config.token,
    floor,
    device,
    box,
    expires,
  }
  const sent = await mail.post(
    Topic.market(place),
    { kind: 'dataOffer', task: Envelope.noTask, round: 0, slot: now(), body: { offer } },
    account,
    undefined,
  )
  if (sent.kind !== 'dataOffer') throw new LostError()
  const made = await board.take(sent)
  await board.keepOwn(made, id)
  const view = board.view(purse.account().address, now()).ownData.find((own) => own.id === made)
  if (view === undefined) throw new LostError()
  return view
}

export async function compute(
  parts: Parts,
  { price, expiresIn }: Parameters<Session['offerCompute']>[0],
): Promise<ComputeOfferView> {
  const { config, board, mail, place, matching, purse, guard, watch, now } = parts
  const benchmark = watch.view().benchmark ?? (await Speed.measure(parts))
  const { probe } = watch.view()
  const { account, device, box } = matching.me()
  const expires = now() + expiresIn
  const adapter = probe === undefined ? '' : `${probe.backend}: ${probe.adapter}`.slice(0, 256)
  const { hours } = guard.view()
  const offer = { account, adapter, ...benchmark, hours, token: config.token, price, device, box, expires }
  const sent = await mail.post(
    Topic.market(place),
    { kind: 'computeOffer', task: Envelope.noTask, round: 0, slot: now(), body: { offer } },
    account,
    undefined,
  )
  if (sent.kind !== 'computeOffer') throw new LostError()
  const made = await board.take(sent)
  await board.keepOwn(made, undefined)
  const view = board.view(purse.account().address, now()).ownCompute.find((own) => own.id === made)
  if (view === undefined) throw new LostError()
  return view
}

export class DataSetError extends BaseError {
  override readonly name = 'Offering.DataSetError'
  constructor() {
    super({
      message: 'This data set is not on this device any more.',
      advice: 'Choose another one, or import it again.',
    })
  }
}

export class LostError extends BaseError {
  override readonly name = 'Offering.LostError'
  constructor() {
    super({ message: 'The offer was not kept.', advice: 'Make it again.' })
  }
}
