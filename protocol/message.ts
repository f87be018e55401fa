// A message as roles read it: parsed, of this market, and signed by those it claims to come from.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import * as Acceptance from './acceptance.ts'
import * as Body from './body.ts'
import type { Address, Hex } from './codec.ts'
import * as Codec from './codec.ts'
import type * as Eip712 from './eip712.ts'
import * as Envelope from './envelope.ts'
import * as Offer from './offer.ts'
import * as Once from './once.ts'
import type { Place } from './topic.ts'

type Head = {
  readonly task: Hex
  readonly round: number
  readonly slot: number
  /** The account in whose name it speaks. */
  readonly sender: Address
  /** The device that signed it; whether the sender authorised it is for the reader to know. */
  readonly device: Address
  /** Identity of the message. */
  readonly digest: Hex
  /** Identity of what it says, whoever says it. */
  readonly bodyDigest: Hex
  /** `Once` signature by the same device; present in `roundOpened`, `encryptedUpdate` and `recordSigned`. */
  readonly once: Hex | undefined
  /** The device's, over the envelope. */
  readonly signature: Hex
}
export type Of<kind extends Body.Kind> = Head & { readonly kind: kind; readonly body: Body.Of<kind> }
export type Message = { [kind in Body.Kind]: Of<kind> }[Body.Kind]

/** Kinds whose body the sender's account signs as well. */
type Countersigned = 'dataOffer' | 'computeOffer' | 'dataAcceptance' | 'computeAcceptance'
type DraftBody<kind extends Body.Kind> = kind extends Countersigned
  ? Omit<Body.Of<kind>, 'signature'>
  : Body.Of<kind>

/** What a role wants to say; signatures are added by `seal`. */
export type Draft = {
  [kind in Body.Kind]: {
    readonly task: Hex
    readonly round: number
    readonly slot: number
    readonly kind: kind
    readonly body: DraftBody<kind>
  }
}[Body.Kind]

/** What an account is asked to sign, so that a wallet can show it. */
export type Typed = {
  readonly digest: Hex
  readonly draft: Draft
}

export type Sender = {
  readonly account: Address
  /** Both give 65-byte signatures; the device's are deterministic, so that what is resent is byte for byte the same. */
  readonly signAsAccount: (typed: Typed) => Promise<Hex> | Hex
  readonly signAsDevice: (digest: Hex) => Promise<Hex> | Hex
}

const unsigned: Hex = `0x${'00'.repeat(65)}`

/** Encodes, signs and wraps. The `Once` signature, where there is one, is in the envelope. */
export async function seal(place: Place, draft: Draft, sender: Sender): Promise<Uint8Array<ArrayBuffer>> {
  const asked = toCountersign(place, draft)
  const countersignature =
    asked === undefined ? unsigned : await sender.signAsAccount({ digest: asked, draft })
  const { digest, statement, finish } = compose(place, sender.account, draft, countersignature)
  const signature = await sender.signAsDevice(digest)
  return finish(signature, statement === undefined ? undefined : await sender.signAsDevice(statement))
}

/** What the sender's account has to sign before the draft can be composed; undefined for most kinds. */
export function toCountersign(place: Place, draft: Draft): Hex | undefined {
  return countersigned(place, draft.task, said(draft, unsigned))
}

/** The digests that the sender's device has to sign, and what becomes of it then. */
export function compose(
  place: Place,
  sender: Address,
  draft: Draft,
  countersignature: Hex,
): {
  readonly digest: Hex
  /** Of the `Once` statement, for kinds that carry one. */
  readonly statement: Hex | undefined
  readonly finish: (signature: Hex, once: Hex | undefined) => Uint8Array<ArrayBuffer>
} {
  const complete = said(draft, countersignature)
  const envelope = { ...wrap(place, sender, draft), body: Body.encode(complete) }
  const stands = stated(envelope, complete)
  return {
    digest: Envelope.digest(envelope),
    statement: stands === undefined ? undefined : statementDigest(place, draft.task, draft.round, stands),
    finish: (signature, once) =>
      Envelope.encode({ v: 1, ...envelope, signature, ...(once === undefined ? {} : { once }) }),
  }
}

/** The bytes that a message was opened from, for others to open it too. */
export function bytesOf(place: Place, message: Message): Uint8Array<ArrayBuffer> {
  const { task, round, kind, slot, sender, signature, once } = message
  const { chainId, market } = place
  const head = { v: 1, chainId, market, task, round, kind, slot, sender, body: Body.encode(message) } as const
  return Envelope.encode({ ...head, signature, ...(once === undefined ? {} : { once }) })
}

/** Parses a message and checks everything that can be checked without knowing the task. */
export function open(encoded: Uint8Array, place: Place, recover: Envelope.Recover): Message {
  const envelope = Envelope.decode(encoded)
  Envelope.assertPlace(envelope, place)
  const kind = Body.kinds.find((known) => known === envelope.kind)
  if (kind === undefined) throw new Codec.MalformedError('message', `kind: ${envelope.kind} is not known`)
  const read = Body.read(kind, envelope.body)
  const device = Envelope.signer(envelope, recover)
  assertOwn(envelope, read, device)

  const accountDigest = countersigned(place, envelope.task, read)
  if (accountDigest !== undefined && recovered(accountDigest, signatureOf(read), recover) !== envelope.sender)
    throw new Envelope.SignatureError(kind)
  const statement = stated(envelope, read)
  if (statement !== undefined) {
    if (envelope.once === undefined)
      throw new Codec.MalformedError(`${kind} message`, 'once: expected a signature')
    const digest = statementDigest(place, envelope.task, envelope.round, statement)
    if (recovered(digest, envelope.once, recover) !== device) throw new Envelope.SignatureError(kind)
  }
  const head: Head = {
    task: envelope.task,
    round: envelope.round,
    slot: envelope.slot,
    sender: envelope.sender,
    device,
    digest: Envelope.digest(envelope),
    bodyDigest: digestOf(envelope.body),
    once: envelope.once,
    signature: envelope.signature,
  }
  return { ...head, ...read }
}

/** The digests that a draft will have once it is sent; not for kinds that an account signs as well. */
export function digests(
  place: Place,
  sender: Address,
  draft: Exclude<Draft, { readonly kind: Countersigned }>,
): { readonly digest: Hex; readonly bodyDigest: Hex } {
  const body = Body.encode(draft)
  return {
    digest: Envelope.digest({ ...wrap(place, sender, draft), body }),
    bodyDigest: digestOf(body),
  }
}

function wrap(place: Place, sender: Address, draft: Draft): Omit<Envelope.Unsigned, 'body'> {
  const { chainId, market } = place
  return { chainId, market, task: draft.task, round: draft.round, kind: draft.kind, slot: draft.slot, sender }
}

function said(draft: Draft, signature: Hex): Body.Said {
  const { kind, body } = draft
  if (kind === 'dataOffer') return { kind, body: { ...body, signature } }
  if (kind === 'computeOffer') return { kind, body: { ...body, signature } }
  if (kind === 'dataAcceptance') return { kind, body: { ...body, signature } }
  if (kind === 'computeAcceptance') return { kind, body: { ...body, signature } }
  return draft
}

/** What the sender's account signs, for kinds that bind it. */
function countersigned(place: Eip712.Domain, task: Hex, { kind, body }: Body.Said): Hex | undefined {
  if (kind === 'dataOffer') return Offer.dataDigest(place, body.offer)
  if (kind === 'computeOffer') return Offer.computeDigest(place, body.offer)
  if (kind === 'dataAcceptance') return Acceptance.dataDigest(place, task, body.committee, body.party)
  if (kind === 'computeAcceptance') return Acceptance.computeDigest(place, task, body.party)
  return undefined
}

/** The account and device that a body names must be those of its envelope. */
function assertOwn(envelope: Envelope.Envelope, { kind, body }: Body.Said, device: Address): void {
  const named =
    kind === 'dataOffer' || kind === 'computeOffer'
      ? body.offer
      : kind === 'dataAcceptance' || kind === 'computeAcceptance'
        ? body.party
        : undefined
  if (named === undefined) return
  if (named.account !== envelope.sender || named.device !== device) throw new Envelope.SignatureError(kind)
}

function signatureOf({ body }: Body.Said): Hex {
  return 'signature' in body ? body.signature : unsigned
}

type Statement = { readonly kind: Once.Kind; readonly digest: Hex }

/** What the contract's `Once` signature stands under, for kinds that may be said once in a round. */
function stated(envelope: Pick<Envelope.Envelope, 'body'>, { kind, body }: Body.Said): Statement | undefined {
  if (kind === 'roundOpened')
    return { kind: 'opening', digest: Once.opening(digestOf(envelope.body), body.closes) }
  if (kind === 'encryptedUpdate')
    return { kind: 'update', digest: Once.update(body.opened, body.cohorts, body.ciphertextRoot) }
  if (kind === 'recordSigned') return { kind: 'record', digest: body.record }
  return undefined
}

function statementDigest(place: Place, task: Hex, round: number, { kind, digest }: Statement): Hex {
  return Once.digest(place, task, kind, round, digest)
}

function digestOf(body: Uint8Array): Hex {
  return `0x${bytesToHex(keccak_256(body))}`
}

function recovered(digest: Hex, signature: Hex, recover: Envelope.Recover): Address | undefined {
  try {
    return recover(digest, signature)
  } catch {
    return undefined
  }
}
