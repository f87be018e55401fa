// A4: a member that gives wrong shares, gives none, gives both kinds' places, or attests to what it never looked at.
import type { Hex } from '../../../protocol/codec.ts'
import type { Adversary } from './adversary.ts'

/** Another share than this. */
function wrong(share: Hex): Hex {
  const last = share.endsWith('ff') ? '00' : 'ff'
  return `0x${share.slice(2, -2)}${last}`
}

export const members: readonly Adversary[] = [
  {
    name: 'A4 wrong share',
    by: 'compute',
    gives: (_, result, { did }) => {
      if (result.type !== 'unmasked') return result
      did('gave wrong shares')
      return { ...result, shares: result.shares.map((each) => ({ ...each, share: wrong(each.share) })) }
    },
  },
  {
    name: 'A4 silence',
    by: 'compute',
    says: (draft, { did }) => {
      if (draft.kind === 'unmask') did('gave no shares')
      return draft.kind === 'unmask' ? [] : [{ draft }]
    },
  },
  {
    name: 'A4 false attestation',
    by: 'compute',
    gives: (effect, result, { did }) => {
      if (effect.type === 'check' && result.type === 'checked') return { ...result, fault: '' }
      if (effect.type !== 'recompute' || result.type !== 'aggregated') return result
      did('attested to what it did not add')
      return { ...result, sums: effect.sums }
    },
  },
  {
    name: 'A4 no sealing key',
    by: 'compute',
    says: (draft, { did }) => {
      if (draft.kind === 'sealingKey') did('said no sealing key')
      return draft.kind === 'sealingKey' ? [] : [{ draft }]
    },
  },
]
