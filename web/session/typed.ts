// What an account signs, as a browser wallet shows it to its owner: the same structs whose digests protocol defines.
import * as Acceptance from '../../protocol/acceptance.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import type { Domain, Field } from '../../protocol/eip712.ts'
import type * as Message from '../../protocol/message.ts'
import * as Offer from '../../protocol/offer.ts'
import * as Party from '../../protocol/party.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Withdrawal from '../../protocol/withdrawal.ts'
import type { TypedData } from '../net/account.ts'

/** The struct, and the digest that protocol says it has. */
export type Statement = { readonly typed: TypedData; readonly digest: Hex }

const expires = { name: 'expires', type: 'uint40' }
const keys = [
  { name: 'device', type: 'address' },
  { name: 'box', type: 'bytes32' },
]
const dataOfferFields = [
  { name: 'account', type: 'address' },
  { name: 'schemaId', type: 'bytes32' },
  { name: 'quality', type: 'uint16' },
  { name: 'samples', type: 'uint32' },
  { name: 'dataSignature', type: 'bytes32' },
  { name: 'token', type: 'address' },
  { name: 'floor', type: 'uint128' },
  ...keys,
  expires,
]
const computeOfferFields = [
  { name: 'account', type: 'address' },
  { name: 'adapter', type: 'string' },
  { name: 'training', type: 'uint32' },
  { name: 'matmul', type: 'uint32' },
  { name: 'additions', type: 'uint32' },
  { name: 'hours', type: 'uint24' },
  { name: 'token', type: 'address' },
  { name: 'price', type: 'uint128' },
  ...keys,
  expires,
]

const withdrawalFields = [
  { name: 'token', type: 'address' },
  { name: 'account', type: 'address' },
  { name: 'amount', type: 'uint256' },
  { name: 'nonce', type: 'uint256' },
  { name: 'deadline', type: 'uint256' },
]

/** What the sender's account signs of a message. */
export function ofDraft(domain: Domain, { draft, digest }: Message.Typed): Statement {
  const statement = describe(domain, draft)
  if (statement?.digest !== digest) throw new MismatchError(draft.kind)
  return statement
}

function describe(domain: Domain, draft: Message.Draft): Statement | undefined {
  if (draft.kind === 'dataOffer') return dataOffer(domain, draft.body.offer)
  if (draft.kind === 'computeOffer') return computeOffer(domain, draft.body.offer)
  if (draft.kind === 'dataAcceptance') {
    return dataAcceptance(domain, draft.task, draft.body.committee, draft.body.party)
  }
  if (draft.kind === 'computeAcceptance') return computeAcceptance(domain, draft.task, draft.body.party)
  return undefined
}

export function dataOffer(domain: Domain, offer: Offer.DataOffer): Statement {
  return {
    typed: typed(domain, 'DataOffer', dataOfferFields, offer),
    digest: Offer.dataDigest(domain, offer),
  }
}

export function computeOffer(domain: Domain, offer: Offer.ComputeOffer): Statement {
  return {
    typed: typed(domain, 'ComputeOffer', computeOfferFields, offer),
    digest: Offer.computeDigest(domain, offer),
  }
}

export function dataAcceptance(domain: Domain, task: Hex, committee: Hex, party: Party.DataParty): Statement {
  const fields = [bytes32('task'), bytes32('committee'), ...Party.dataComponents]
  return {
    typed: typed(domain, 'DataAcceptance', fields, { task, committee, ...party }),
    digest: Acceptance.dataDigest(domain, task, committee, party),
  }
}

/** Takes free deposit out of the market. */
export function withdrawal(domain: Domain, made: Withdrawal.Withdrawal): Statement {
  const message = { ...made, deadline: BigInt(made.deadline) }
  return {
    typed: typed(domain, 'Withdrawal', withdrawalFields, message),
    digest: Withdrawal.digest(domain, made),
  }
}

export function computeAcceptance(domain: Domain, task: Hex, party: Party.ComputeParty): Statement {
  const fields = [bytes32('task'), ...Party.computeComponents]
  return {
    typed: typed(domain, 'ComputeAcceptance', fields, { task, ...party }),
    digest: Acceptance.computeDigest(domain, task, party),
  }
}

function bytes32(name: string): Field {
  return { name, type: 'bytes32' }
}

function typed(
  { chainId, market }: { readonly chainId: number; readonly market: Address },
  primaryType: string,
  fields: readonly Field[],
  message: Readonly<Record<string, unknown>>,
): TypedData {
  return {
    domain: { name: 'Galaxy', version: '1', chainId, verifyingContract: market },
    types: { [primaryType]: fields },
    primaryType,
    message,
  }
}

export class MismatchError extends BaseError {
  override readonly name = 'Typed.MismatchError'
  constructor(kind: string) {
    super({
      message: `This app cannot show what it would have to sign for a ${kind} message.`,
      advice: 'Reload the page to get the newest version of the app.',
      safe: 'Nothing was signed.',
    })
  }
}
