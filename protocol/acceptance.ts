// What a provider's account signs under one task: it names the task, its own terms and, for data, the whole committee.
import type { Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'
import * as Party from './party.ts'

const dataFields = [
  { name: 'task', type: 'bytes32' },
  { name: 'committee', type: 'bytes32' },
  ...Party.dataComponents,
] as const
const computeFields = [{ name: 'task', type: 'bytes32' }, ...Party.computeComponents] as const

/** What the account of a data provider signs. `committee` is `Party.committeeHash`. */
export function dataDigest(domain: Eip712.Domain, task: Hex, committee: Hex, party: Party.DataParty): Hex {
  return Eip712.digest(domain, 'DataAcceptance', dataFields, { task, committee, ...party })
}

/** What the account of a compute provider signs. */
export function computeDigest(domain: Eip712.Domain, task: Hex, party: Party.ComputeParty): Hex {
  return Eip712.digest(domain, 'ComputeAcceptance', computeFields, { task, ...party })
}
