// Bonds that compute providers of this device have promised to tasks which have not started. The market locks them only
// at the start, so until then they must not be promised or taken out a second time.
import type { Address, Hex } from '../../protocol/codec.ts'
import type { State } from './participations.ts'

/** Token base units of an account's free deposit that tasks, `besides` this one, count on. */
export function promised(states: readonly State[], account: Address, besides?: Hex): bigint {
  return states
    .filter((state) => state.id !== besides && state.me.account === account && isPromised(state))
    .reduce((sum, { terms }) => sum + terms.computeBond, 0n)
}

function isPromised(state: State): boolean {
  if (state.role !== 'compute' || state.answer !== 'accepted') return false
  const { ledger, terms } = state
  const canStart = ledger.state === 'none' || (ledger.state === 'open' && ledger.head <= terms.startBy)
  return canStart && (state.deposited || state.outbox['deposit'] !== undefined)
}
