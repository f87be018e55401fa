// A5: what an endpoint of the chain that lies may tell: that a record was committed which was only proposed.
import type * as Market from '../../protocol/market.ts'
import * as Terms from '../../protocol/terms.ts'
import type { World } from './world.ts'

/** Undefined while nothing is proposed that was not committed. */
export function tell({
  network,
  chain,
  task,
}: Pick<World, 'network' | 'chain' | 'task'>): Market.Event | undefined {
  const state = chain.task(task)
  const last = chain.events.at(-1)
  const round = (state?.rounds.at(-1)?.round ?? 0) + 1
  const [proposed] = network.heard('recordProposed', round)
  if (state?.state !== 'running' || last === undefined || proposed === undefined) return undefined
  return {
    name: 'RoundCommitted',
    task,
    round,
    record: proposed.body.record,
    signers: 2 ** state.computes.length - 1,
    deadline: state.deadline,
    block: last.block,
    logIndex: last.logIndex,
    transaction: Terms.noHash,
  }
}
