// A1: an aggregator that draws two ways, leaves somebody out, stalls, adds wrongly, withholds its bytes or signs what
// nobody proposed.
import type { Hex } from '../../../protocol/codec.ts'
import type { Adversary } from './adversary.ts'
import { half, other } from './adversary.ts'

const noHash: Hex = `0x${'ab'.repeat(32)}`

export const aggregators: readonly Adversary[] = [
  {
    name: 'A1 two cohorts',
    by: 'compute',
    says: (draft, { did }) => {
      if (draft.kind !== 'cohorts') return [{ draft }]
      did('two draws')
      const cohorts = draft.body.cohorts.map((cohort) => cohort.slice(1))
      return [
        { draft, to: half },
        { draft: { ...draft, body: { ...draft.body, cohorts } }, to: other },
      ]
    },
  },
  {
    name: 'A1 omission',
    by: 'compute',
    says: (draft, { did, luck }) => {
      if (draft.kind !== 'cohorts') return [{ draft }]
      did('left somebody out of the cohorts')
      const victim = luck.pick(draft.body.cohorts.flat())
      const cohorts = draft.body.cohorts.map((cohort) => cohort.filter((account) => account !== victim))
      return [{ draft: { ...draft, body: { ...draft.body, cohorts } } }]
    },
  },
  {
    name: 'A1 missing receipt',
    by: 'compute',
    says: (draft, { did }) => {
      if (draft.kind !== 'recordProposed') return [{ draft }]
      did('left a delivered update out of the record')
      const [first] = draft.body.inputs
      const bit = first === undefined ? 0n : 1n << BigInt(first.provider)
      const { record } = draft.body
      const changed = { ...record, delivered: record.delivered & ~bit, survivors: record.survivors & ~bit }
      const body = { ...draft.body, record: changed, inputs: draft.body.inputs.slice(1) }
      return [{ draft: { ...draft, body } }]
    },
  },
  {
    name: 'A1 stall',
    by: 'compute',
    says: (draft, { did }) => {
      const isAsked = draft.kind === 'cohorts' || draft.kind === 'recordProposed'
      if (isAsked) did(`kept its ${draft.kind} to itself`)
      return isAsked ? [] : [{ draft }]
    },
  },
  {
    name: 'A1 wrong chunk',
    by: 'compute',
    adds: (cipher, { did }) => {
      did('added wrongly')
      const values = cipher.values.map((value, at) => (at === cipher.values.length - 1 ? value + 1 : value))
      return { cipher: { ...cipher, values }, published: true }
    },
  },
  {
    name: 'A1 withheld bytes',
    by: 'compute',
    adds: (cipher, { did }) => {
      did('withheld its sums')
      return { cipher, published: false }
    },
  },
  {
    name: 'A1 forged signature',
    by: 'compute',
    says: (draft, { did }) => {
      if (draft.kind !== 'recordSigned') return [{ draft }]
      did('signed what nobody proposed')
      return [{ draft: { ...draft, body: { record: noHash } } }]
    },
  },
]
