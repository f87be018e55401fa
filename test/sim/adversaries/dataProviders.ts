// A3, A9 and A10: a data provider that says two roots, sends rubbish, masks wrongly, shares badly, copies, is late, or
// stays away when that would single somebody out.
import type { Hex } from '../../../protocol/codec.ts'
import type { Adversary, Means } from './adversary.ts'
import { half, other } from './adversary.ts'

const noHash: Hex = `0x${'cd'.repeat(32)}`

/** The masks that somebody else said in this round, if it is heard already. */
function masksOfAnother({ network, account }: Means, round: number) {
  return network.heard('ready', round).find(({ sender }) => sender !== account)?.body.masks
}

export const dataProviders: readonly Adversary[] = [
  {
    name: 'A3 two roots',
    by: 'data',
    says: (draft, { did }) => {
      if (draft.kind !== 'encryptedUpdate') return [{ draft }]
      did('two updates')
      return [
        { draft, to: half },
        { draft: { ...draft, body: { ...draft.body, ciphertextRoot: noHash } }, to: other },
      ]
    },
  },
  {
    name: 'A3 two updates',
    by: 'data',
    says: (draft, { did, primitives }) => {
      const cipher = draft.kind === 'encryptedUpdate' ? primitives.fetch(draft.body.cid)?.cipher : undefined
      if (draft.kind !== 'encryptedUpdate' || cipher === undefined) return [{ draft }]
      did('two updates that are sound')
      const values = cipher.values.map((value, at) => (at === 0 ? value + 1 : value))
      const { cid, root } = primitives.publish({ ...cipher, values })
      return [
        { draft, to: half },
        { draft: { ...draft, body: { ...draft.body, cid, ciphertextRoot: root } }, to: other },
      ]
    },
  },
  {
    name: 'A3 garbage',
    by: 'data',
    encrypts: (cipher, { did, luck }) => {
      did('encrypted under another key')
      return {
        ...cipher,
        under: `0x${luck
          .whole(0, 2 ** 30)
          .toString(16)
          .padStart(64, '0')}`,
      }
    },
  },
  {
    name: 'A3 wrong mask',
    by: 'data',
    encrypts: (cipher, { did, luck }) => {
      if (!luck.odds(0.5)) return cipher
      did('masked wrongly')
      return { ...cipher, masks: new Map([...cipher.masks, ['another mask', 1]]) }
    },
  },
  {
    name: 'A3 poison within the norm',
    by: 'data',
    encrypts: (cipher, { did }) => {
      did('poisoned its update')
      return { ...cipher, values: cipher.values.map((value, at) => (at === 0 ? value + 7 : value)) }
    },
  },
  {
    name: 'A3 bad shares',
    by: 'data',
    gives: (_, result, { did, primitives }) => {
      if (result.type !== 'masked') return result
      did('sealed no shares')
      const shares = result.masks.shares.map((share) => {
        const opened = { share: noHash, salt: noHash }
        const box = primitives.seal(noHash, 'nowhere', opened)
        return { ...share, key: box, seed: box }
      })
      return { ...result, masks: { ...result.masks, shares } }
    },
  },
  {
    name: 'A3 shares of another secret',
    by: 'data',
    gives: (_, result, { did, primitives }) => {
      if (result.type !== 'masked') return result
      did('shared another secret than it announced')
      return { ...result, masks: { ...result.masks, seedHash: primitives.secret() } }
    },
  },
  {
    name: 'A3 transplanted shares',
    by: 'data',
    gives: (effect, result, means) => {
      if (effect.type !== 'prepareReady' || result.type !== 'masked') return result
      const stolen = masksOfAnother(means, effect.round)
      if (stolen === undefined) return result
      means.did('said the shares of another')
      return { ...result, masks: { ...result.masks, shares: stolen.shares } }
    },
  },
  {
    name: 'A3 copied key',
    by: 'data',
    gives: (effect, result, means) => {
      if (effect.type !== 'prepareReady' || result.type !== 'masked') return result
      const stolen = masksOfAnother(means, effect.round)
      if (stolen === undefined) return result
      means.did('said the key of another')
      return { ...result, masks: { ...result.masks, ephemeral: stolen.ephemeral } }
    },
  },
  {
    name: 'A3 late update',
    by: 'data',
    says: (draft, { did, luck }) => {
      if (draft.kind !== 'encryptedUpdate') return [{ draft }]
      did('was late on purpose')
      return [{ draft, after: luck.between(20, 120) }]
    },
  },
  {
    name: 'A9 aimed dropout',
    by: 'data',
    says: (draft, { did }) => {
      if (draft.kind !== 'encryptedUpdate' || draft.round % 2 === 1) return [{ draft }]
      did('stayed away every other round')
      return []
    },
  },
  {
    name: 'A10 spoiler',
    by: 'data',
    encrypts: (cipher, { did }) => {
      did('spoiled a sum')
      return { ...cipher, masks: new Map([...cipher.masks, ['spoilt', 1]]) }
    },
  },
]
