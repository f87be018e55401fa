// A committee member's part of hiding: an epoch's sealing key, and of every provider one of two secrets, never both.
import { BaseError } from '../../protocol/errors.ts'
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import type { Released, UnmaskRequest } from './api.ts'
import * as Box from './box.ts'
import { ForgottenError } from './masking.ts'
import * as Records from './records.ts'
import type { Safe } from './safe.ts'
import * as Shares from './shares.ts'

/** Made on first use, then the same. */
export async function sealingKey(task: Hex, epoch: number, safe: Safe): Promise<Hex> {
  const id = Records.sealings.id(task, epoch)
  const stored = await safe.get(id)
  if (stored !== undefined) return Box.publicKey(secretOf(stored, epoch))
  const bytes = Records.sealings.encode({ secret: Box.secretKey() })
  return Box.publicKey(secretOf(await safe.create([{ id, bytes }]), epoch))
}

/** Each share is stored before it is given, and rules out the other kind; a refusal gives none of what was asked. */
export async function unmask(request: UnmaskRequest, safe: Safe): Promise<readonly Released[]> {
  const { place, epoch, record } = request
  const { task, round } = place
  const wanted = request.wanted.map((each) => ({
    ...each,
    provider: Codec.parse(Codec.address, each.provider, 'account'),
  }))
  const bytes = Records.releases.encode({ record, epoch })
  const first = Records.releases.decode(await safe.create([{ id: Records.releases.id(task, round), bytes }]))
  if (first.record !== record || first.epoch !== epoch) throw new RecordError(round)

  const kinds = new Map<Hex, Masks.Kind>()
  for (const { provider, kind } of wanted) {
    const before = kinds.get(provider) ?? (await givenOf(task, round, provider, safe))?.kind
    if (before !== undefined && before !== kind) throw new BothError(round, provider)
    kinds.set(provider, kind)
  }
  const given: Released[] = []
  for (const each of wanted) {
    const share = await give(request, each, safe)
    if (share !== undefined) given.push(share)
  }
  return given
}

async function give(
  { place, epoch, account }: UnmaskRequest,
  { provider, kind, sealed, hash }: UnmaskRequest['wanted'][number],
  safe: Safe,
): Promise<Released | undefined> {
  const { task, round } = place
  const before = await givenOf(task, round, provider, safe)
  if (before !== undefined) return before
  const stored = await safe.get(Records.sealings.id(task, epoch))
  if (stored === undefined) throw new ForgottenError(`the sealing key of epoch ${epoch}`)
  const opened = await Shares.open(sealed, secretOf(stored, epoch), place, provider, account, kind)
  if (opened === undefined || Masks.shareHash(kind, opened.share, opened.salt) !== hash) return undefined
  const bytes = Records.shares.encode(Masks.releasedToWire({ provider, kind, ...opened }))
  const id = Records.shares.id(task, round, provider)
  const share = Records.shares.decode(await safe.create([{ id, bytes }]))
  if (share.kind !== kind) throw new BothError(round, provider)
  return share
}

async function givenOf(
  task: Hex,
  round: number,
  provider: Hex,
  safe: Safe,
): Promise<Masks.Released | undefined> {
  const stored = await safe.get(Records.shares.id(task, round, provider))
  return stored === undefined ? undefined : Records.shares.decode(stored)
}

function secretOf(stored: Uint8Array, epoch: number): Uint8Array {
  const { secret } = Records.sealings.decode(stored)
  if (secret === null) throw new ForgottenError(`the sealing key of epoch ${epoch}`)
  return secret
}

export class BothError extends BaseError {
  override readonly name = 'Member.BothError'
  constructor(round: number, provider: Hex) {
    super({
      message: `Both secrets of ${provider} were asked for in round ${round}; together they would open its update.`,
      advice:
        'Nothing was given. Whoever asks this way is faulty; stay with what the chain says of the round.',
      safe: 'The update stays hidden.',
    })
  }
}

export class RecordError extends BaseError {
  override readonly name = 'Member.RecordError'
  constructor(round: number) {
    super({
      message: `Shares of round ${round} were given for another record than this one.`,
      advice: 'Nothing was given: a round is committed once. Compare the chain with another endpoint.',
      safe: 'What was hidden stays hidden.',
    })
  }
}
