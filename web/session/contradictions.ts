// Compute providers that two others contradicted about a job, as the roles of this device heard it: their messages are
// signed, and the draw is the chain's. They last as long as the roles' states do.
import type { Address } from '../../protocol/codec.ts'
import * as Jobs from '../../protocol/roles/jobs.ts'
import type { State } from './participations.ts'

/** An account for each job about which it was contradicted, also where several roles heard it. */
export function of(states: readonly State[]): readonly Address[] {
  const found = states.flatMap((state) =>
    Jobs.contradicted(state).map(({ number, account }): [string, Address] => [
      `${state.id} ${number} ${account}`,
      account,
    ]),
  )
  return [...new Map(found).values()]
}
