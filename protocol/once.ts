// Statements made once: two different ones by one key for one (task, kind, round) prove it lied, on chain.
import { encodeAbiParameters, keccak256 } from 'viem/utils'
import type { Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'

/** In Solidity's order. */
export const kinds = ['opening', 'record', 'update'] as const
export type Kind = (typeof kinds)[number]

const fields = [
  { name: 'task', type: 'bytes32' },
  { name: 'kind', type: 'uint8' },
  { name: 'round', type: 'uint8' },
  { name: 'digest', type: 'bytes32' },
] as const

/** What a key signs so that `statement` stands for this round. */
export function digest(domain: Eip712.Domain, task: Hex, kind: Kind, round: number, statement: Hex): Hex {
  return Eip712.digest(domain, 'Once', fields, { task, kind: kinds.indexOf(kind), round, digest: statement })
}

/** Statement of an opening, signed by the opener: the digest of `RoundOpened`'s body and the closing time. */
export function opening(opened: Hex, closes: number): Hex {
  return keccak256(encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint40' }], [opened, closes]))
}

/**
 * Statement of an update, signed by its provider's device: the digests of the bodies of `RoundOpened` and `Cohorts` under
 * which it was masked, and its root. An update can be added under no other view, not even by those who hide its message.
 */
export function update(opened: Hex, cohorts: Hex, ciphertextRoot: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }],
      [opened, cohorts, ciphertextRoot],
    ),
  )
}
