// A provider's signature under one task: it names the task, its own terms and, for data, the whole committee.
import * as v from 'valibot'
import { digest32, parse, signature, type Address, type Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'
import { BaseError } from './errors.ts'
import * as Party from './party.ts'

export type DataAcceptance = {
  readonly task: Hex
  readonly committee: Hex
  readonly party: Party.DataParty
  readonly signature: Hex
}
export type ComputeAcceptance = {
  readonly task: Hex
  readonly party: Party.ComputeParty
  readonly signature: Hex
}

const dataFields = [
  { name: 'task', type: 'bytes32' },
  { name: 'committee', type: 'bytes32' },
  ...Party.dataComponents,
] as const
const computeFields = [{ name: 'task', type: 'bytes32' }, ...Party.computeComponents] as const

export const dataSchema = v.strictObject({
  task: digest32,
  committee: digest32,
  party: Party.dataSchema,
  signature,
})
export const computeSchema = v.strictObject({ task: digest32, party: Party.computeSchema, signature })

/** What the account of a data provider signs. `committee` is `Party.committeeHash`. */
export function dataDigest(domain: Eip712.Domain, task: Hex, committee: Hex, party: Party.DataParty): Hex {
  return Eip712.digest(domain, 'DataAcceptance', dataFields, { task, committee, ...party })
}

/** What the account of a compute provider signs. */
export function computeDigest(domain: Eip712.Domain, task: Hex, party: Party.ComputeParty): Hex {
  return Eip712.digest(domain, 'ComputeAcceptance', computeFields, { task, ...party })
}

/** Parses and checks the signature. Contract accounts (ERC-1271) can only be checked by the chain. */
export function parseData(domain: Eip712.Domain, wire: unknown): DataAcceptance {
  const acceptance = parse(dataSchema, wire, 'data acceptance')
  const digest = dataDigest(domain, acceptance.task, acceptance.committee, acceptance.party)
  assertSigned(acceptance.party.account, digest, acceptance.signature)
  return acceptance
}

export function parseCompute(domain: Eip712.Domain, wire: unknown): ComputeAcceptance {
  const acceptance = parse(computeSchema, wire, 'compute acceptance')
  const digest = computeDigest(domain, acceptance.task, acceptance.party)
  assertSigned(acceptance.party.account, digest, acceptance.signature)
  return acceptance
}

export function dataToWire(acceptance: DataAcceptance): v.InferInput<typeof dataSchema> {
  return { ...acceptance, party: Party.dataToWire(acceptance.party) }
}

export function computeToWire(acceptance: ComputeAcceptance): v.InferInput<typeof computeSchema> {
  return { ...acceptance, party: Party.computeToWire(acceptance.party) }
}

function assertSigned(account: Address, digest: Hex, signed: Hex): void {
  if (!Eip712.isSignedBy(account, digest, signed)) throw new SignerError(account)
}

export class SignerError extends BaseError {
  override readonly name = 'Acceptance.SignerError'
  constructor(account: Address) {
    super({
      message: `The acceptance for ${account} is not signed by that account, or was signed for another task.`,
      advice: 'It was refused. Ask the provider to accept again.',
    })
  }
}
