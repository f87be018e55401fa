// Who may provide data to a task by invitation: the root in its terms, and each account's path under it.
import { concat, encodeAbiParameters, keccak256 } from 'viem/utils'
import type { Address, Hex } from './codec.ts'
import { BaseError } from './errors.ts'

/** What `Terms.invited` holds. The order of accounts does not matter, nor does naming one twice. */
export function root(accounts: readonly Address[]): Hex {
  const [top] = tree(accounts)
  if (top === undefined) throw new NobodyError()
  return top
}

/** What the market asks for beside the acceptance of `account`, which must be among `accounts`. */
export function proof(accounts: readonly Address[], account: Address): readonly Hex[] {
  const nodes = tree(accounts)
  const path: Hex[] = []
  let at = nodes.lastIndexOf(leafOf(account))
  if (at === -1) throw new NotInvitedError(account)
  for (; at > 0; at = Math.floor((at - 1) / 2)) {
    const partner = nodes[at % 2 === 1 ? at + 1 : at - 1]
    if (partner !== undefined) path.push(partner)
  }
  return path
}

/**
 * OpenZeppelin's standard tree (npm: @openzeppelin/merkle-tree): node i is above nodes 2i + 1 and 2i + 2, leaves ascend
 * from the end, pairs are hashed in ascending order.
 */
function tree(accounts: readonly Address[]): readonly Hex[] {
  const leaves = [...new Set(accounts)].map(leafOf).sort()
  const inner = Math.max(leaves.length - 1, 0)
  const nodes: Hex[] = [...leaves.map(() => '0x' as const).slice(1), ...leaves.toReversed()]
  for (let at = inner - 1; at >= 0; at--) {
    const [a, b] = [nodes[2 * at + 1], nodes[2 * at + 2]]
    if (a !== undefined && b !== undefined) nodes[at] = keccak256(concat(a < b ? [a, b] : [b, a]))
  }
  return nodes
}

/** Twice hashed, so that no leaf can be taken for a node of two. */
function leafOf(account: Address): Hex {
  return keccak256(keccak256(encodeAbiParameters([{ type: 'address' }], [account])))
}

export class NobodyError extends BaseError {
  override readonly name = 'Invitation.NobodyError'
  constructor() {
    super({
      message: 'The list of invited accounts is empty, so nobody could provide data.',
      advice: 'Name the accounts to invite, or leave the task open to everyone.',
    })
  }
}

export class NotInvitedError extends BaseError {
  override readonly name = 'Invitation.NotInvitedError'
  constructor(account: Address) {
    super({
      message: `The account ${account} is not among those invited to this task.`,
      advice: 'Leave it out, or make a task that invites it.',
    })
  }
}
