// A data provider's masks: secrets made and shared with `Ready`, and what they add to its update of that round.
import { x25519 } from '@noble/curves/ed25519.js'
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { BaseError } from '../../protocol/errors.ts'
import * as Masks from '../../protocol/masks.ts'
import type { ContributeRequest, ReadyRequest } from './api.ts'
import * as Box from './box.ts'
import * as Records from './records.ts'
import type { Safe } from './safe.ts'
import * as Shares from './shares.ts'
import type { Mask } from './stream.ts'

/** Fewer others than this, and a sum would show what one of them alone could subtract. */
const fewestPeers = 2
/** What comes before the 32 bytes of an X25519 secret in PKCS #8, from which alone WebCrypto takes them bare. */
const secretHeader = hexToBytes('302e020100300506032b656e04220420')

/** The masks are stored before they are returned, and stay the only ones that this device ever gives for the round. */
export async function ready(
  { place, opened, account, members, threshold }: ReadyRequest,
  safe: Safe,
): Promise<Masks.Masks> {
  const id = Records.maskings.id(place.task, place.round)
  const before = await safe.get(id)
  if (before === undefined) {
    const secrets = { key: Box.secretKey(), seed: crypto.getRandomValues(new Uint8Array(32)) }
    const masks = {
      ephemeral: Box.publicKey(secrets.key),
      seedHash: Masks.seedHash(secrets.seed),
      shares: await Shares.deal(secrets, place, account, members, threshold),
    }
    const bytes = Records.maskings.encode({ opened, account, masks: Masks.toWire(masks), secrets })
    return shown(Records.maskings.decode(await safe.create([{ id, bytes }])), opened, account, place.round)
  }
  return shown(Records.maskings.decode(before), opened, account, place.round)
}

/** The own masks of a round; refuses views and peers under which an update would not be hidden. */
export async function masksOf(
  { place, account, opened, peers }: ContributeRequest,
  safe: Safe,
): Promise<Records.Masked> {
  const stored = await safe.get(Records.maskings.id(place.task, place.round))
  if (stored === undefined) throw new UnreadyError(place.round)
  const own = Records.maskings.decode(stored)
  const { ephemeral } = shown(own, opened, account, place.round)
  if (own.secrets === null) throw new ForgottenError(`the masks of round ${place.round}`)
  if (peers.some((peer) => peer.account === account && peer.ephemeral !== ephemeral))
    throw new Masks.KeyError(account, 'the draw has another')
  const others = othersOf(peers, account)
  Masks.assertPeers([...others, { account, ephemeral }])
  const accounts = new Set(others.map((peer) => peer.account))
  if (accounts.size < fewestPeers || accounts.size < others.length) throw new AloneError(accounts.size)
  return own
}

/** Every mask of one provider's update: its own, and one with each of its cohort. */
export async function streams(
  own: Pick<Records.Masked, 'masks' | 'secrets'>,
  {
    place,
    opened,
    cohorts,
    account,
    peers,
  }: Pick<ContributeRequest, 'place' | 'opened' | 'cohorts' | 'account' | 'peers'>,
): Promise<readonly Mask[]> {
  const { secrets, masks } = own
  if (secrets === null) throw new ForgottenError(`the masks of round ${place.round}`)
  const view = { opened, cohorts }
  const me = { account, ephemeral: masks.ephemeral }
  const agree = await agreeing(secrets.key)
  const pairs = await Promise.all(
    othersOf(peers, account).map(async (peer) => mask(await agree(peer), place, view, me, peer)),
  )
  return [{ key: Masks.selfKey(secrets.seed, place, view, me), sign: 'add' }, ...pairs]
}

/** What `one`, whose secret this is, adds or subtracts for `other`: the lower account adds. */
export function pair(
  secret: Uint8Array,
  place: Masks.Place,
  view: Masks.View,
  one: Masks.Peer,
  other: Masks.Peer,
): Mask {
  return mask(x25519.getSharedSecret(secret, pointOf(other)), place, view, one, other)
}

/** The same secrets as `x25519.getSharedSecret`, several times sooner. */
async function agreeing(secret: Uint8Array): Promise<(other: Masks.Peer) => Promise<Uint8Array>> {
  const name = 'X25519'
  const own = concatBytes(secretHeader, secret)
  const key = await crypto.subtle.importKey('pkcs8', own, name, false, ['deriveBits'])
  own.fill(0)
  return async (other) => {
    const point = await crypto.subtle.importKey('raw', pointOf(other), name, false, [])
    return new Uint8Array(await crypto.subtle.deriveBits({ name, public: point }, key, 256))
  }
}

function mask(
  shared: Uint8Array,
  place: Masks.Place,
  view: Masks.View,
  one: Masks.Peer,
  other: Masks.Peer,
): Mask {
  const key = Masks.pairKey(shared, place, view, one, other)
  return { key, sign: one.account < other.account ? 'add' : 'subtract' }
}

function pointOf({ ephemeral }: Masks.Peer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hexToBytes(ephemeral.slice(2)))
}

function othersOf(peers: ContributeRequest['peers'], account: string): readonly Masks.Peer[] {
  return peers.filter((peer) => peer.account !== account)
}

function shown(own: Records.Masked, opened: string, account: string, round: number): Masks.Masks {
  if (own.opened !== opened || own.account !== account) throw new ConflictError(round)
  return own.masks
}

export class ConflictError extends BaseError {
  override readonly name = 'Masking.ConflictError'
  constructor(round: number) {
    super({
      message: `This device has already made its masks for another opening of round ${round}.`,
      advice: 'This round is given up here: one round has one set of masks. The next round counts.',
      safe: 'Your data and your pay for other rounds are not touched.',
    })
  }
}

export class UnreadyError extends BaseError {
  override readonly name = 'Masking.UnreadyError'
  constructor(round: number) {
    super({
      message: `This device made no masks for round ${round}.`,
      advice: 'This round is given up here: without masks your update could be read. The next round counts.',
      safe: 'Nothing was sent.',
    })
  }
}

export class ForgottenError extends BaseError {
  override readonly name = 'Masking.ForgottenError'
  constructor(what: string) {
    super({
      message: `This device has erased ${what}, as it promised.`,
      advice: 'There is nothing to do: that part of the task is over.',
    })
  }
}

export class AloneError extends BaseError {
  override readonly name = 'Masking.AloneError'
  constructor(peers: number) {
    super({
      message: `Only ${peers} others share a sum with you in this round; ${fewestPeers} are needed to hide you.`,
      advice: 'This round is skipped here; the next one counts.',
      safe: 'Nothing was sent, and your data is untouched.',
    })
  }
}
