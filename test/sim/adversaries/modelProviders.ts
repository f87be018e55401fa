// A2: a model provider that opens a round two ways, names an old epoch, or leaves once it has seen a sum.
import type { Hex } from '../../../protocol/codec.ts'
import type { Adversary } from './adversary.ts'
import { half, other } from './adversary.ts'

const otherModel: Hex = `0x${'ef'.repeat(32)}`

export const modelProviders: readonly Adversary[] = [
  {
    name: 'A2 two models',
    by: 'model',
    says: (draft, { did, luck }) => {
      if (draft.kind !== 'roundOpened' || luck.odds(0.5)) return [{ draft }]
      did('opened a round two ways')
      return [
        { draft, to: half },
        { draft: { ...draft, body: { ...draft.body, modelHash: otherModel } }, to: other },
      ]
    },
  },
  {
    name: 'A2 wrong epoch',
    by: 'model',
    says: (draft, { did }) => {
      if (draft.kind !== 'roundOpened' || draft.round % 2 === 1) return [{ draft }]
      did('named another epoch')
      return [{ draft: { ...draft, body: { ...draft.body, epoch: draft.body.epoch + 1 } } }]
    },
  },
  {
    name: 'A2 abort after opening',
    by: 'model',
    gives: (_, result, { did }) => {
      if (result.type !== 'opened') return result
      did('kept what it opened to itself')
      return 'nothing'
    },
  },
  {
    name: 'A2 false score',
    by: 'model',
    gives: (_, result, { did }) => {
      if (result.type !== 'opened') return result
      did('told another score')
      return { ...result, correct: 0 }
    },
  },
]
