// A10: a data provider that gives what makes its cohort's sum worthless, in every round or now and then; and one that
// stays inside the norm, whom nobody can tell from others.
import type { Cipher } from '../primitives.ts'
import type { Adversary } from './adversary.ts'

/** Masks that nobody's secrets take off again, so that a sum with it is noise. */
function garbled(cipher: Cipher): Cipher {
  return { ...cipher, masks: new Map([...cipher.masks, ['rubbish', 1]]) }
}

export const spoilers: readonly Adversary[] = [
  {
    name: 'A10 garbage to exclusion',
    by: 'data',
    encrypts: (cipher, { did }) => {
      did('gave garbage')
      return garbled(cipher)
    },
  },
  {
    name: 'A10 garbage now and then',
    by: 'data',
    encrypts: (cipher, { did, luck }) => {
      const isSpoilt = luck.odds(0.5)
      did(isSpoilt ? 'gave garbage' : 'gave what it should')
      return isSpoilt ? garbled(cipher) : cipher
    },
  },
  {
    name: 'A10 poison within the norm',
    by: 'data',
    encrypts: (cipher, { did }) => {
      did('poisoned its update in every round')
      return { ...cipher, values: cipher.values.map((value, at) => (at === 0 ? value - 7 : value)) }
    },
  },
]
