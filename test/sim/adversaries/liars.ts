// A2 and A4: who signs two things about one round where everybody hears both, which costs its bond.
import type { Hex } from '../../../protocol/codec.ts'
import type { Adversary } from './adversary.ts'

const otherHash: Hex = `0x${'ba'.repeat(32)}`

export const liars: readonly Adversary[] = [
  {
    name: 'A2 two openings',
    by: 'model',
    says: (draft, { did }) => {
      // Not in the first round: what is proven before a round is committed costs nobody anything.
      if (draft.kind !== 'roundOpened' || draft.round === 1) return [{ draft }]
      did('opened a round twice')
      return [{ draft }, { draft: { ...draft, body: { ...draft.body, modelHash: otherHash } } }]
    },
  },
  {
    name: 'A4 two records',
    by: 'compute',
    says: (draft, { did }) => {
      if (draft.kind !== 'recordSigned') return [{ draft }]
      did('signed two records')
      return [{ draft }, { draft: { ...draft, body: { record: otherHash } } }]
    },
  },
]
