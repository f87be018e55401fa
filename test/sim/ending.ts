// What is left of a run: whether whoever saw the end has counted what was opened and keeps no secrets, and what happened.
import type * as Person from './person.ts'
import type { Watching } from './watching.ts'
import type { Outcome, World } from './world.ts'

export function look(
  { scenario, chain, task, tally, waiting }: World,
  { laws, roundsOpened, collude, bared }: Watching,
  persons: readonly Person.Person[],
): Omit<Outcome, 'seconds' | 'byStranger' | 'notes'> {
  collude()
  for (const person of persons) see(person)

  function see(person: Person.Person): void {
    const state = person.role()?.participant()
    if (state === undefined || !person.isOnline() || person.evil !== undefined) return
    const { account } = person.me
    const { ledger, outbox } = state
    const sawTheEnd =
      ledger.state === 'cancelled' || (ledger.state === 'settled' && ledger.head > ledger.deadline)
    if (!sawTheEnd) return
    const isErasing = Object.values(outbox).some(({ type }) => type === 'forget')
    if (!isErasing)
      waiting.settle(person.vault.count(), (secrets) => {
        laws.left(account, secrets)
      })
    if (person.kind !== 'data') return
    waiting.settle(person.vault.spent(), (spent) => {
      laws.ended(account, spent)
    })
  }

  const state = chain.task(task)
  const committed = state?.rounds.length ?? 0
  return {
    scenario,
    state: state === undefined ? 'never created' : state.state === 'settled' ? 'settled' : 'cancelled',
    committed,
    aborted: roundsOpened.size - committed,
    escrow: state?.escrow ?? 0n,
    enrolled: state?.datas.length ?? 0,
    tally,
    chain,
    jobs: state === undefined || state.computes.length === 0 ? [] : laws.jobs(state),
    bared,
  }
}
