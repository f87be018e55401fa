// A2 and A4: who signs two things about one round where everybody hears both, or a sum that is wrong together with
// others, which costs its bond.
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
  {
    name: 'A4 wrong sum and false attestation',
    by: 'compute',
    adds: (cipher, { did }) => {
      did('added wrongly')
      return { cipher: { ...cipher, masks: new Map([...cipher.masks, ['wrong', 1]]) }, published: true }
    },
    gives: (effect, result, { did }) => {
      if (effect.type !== 'recompute' || result.type !== 'aggregated') return result
      did('attested to what it did not add')
      return { ...result, sums: effect.sums }
    },
  },
]
