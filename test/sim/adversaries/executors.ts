// A1 and A4: a compute provider that names a result it never got or shows nobody, keeps silent about jobs or tells only some,
// says the opposite of what it found, says afterwards that it did itself what it checked, or pays itself for work that nobody
// knows of.
import type { Hex } from '../../../protocol/codec.ts'
import * as Job from '../../../protocol/job.ts'
import * as Record from '../../../protocol/record.ts'
import * as RoleJobs from '../../../protocol/roles/jobs.ts'
import * as Jobs from '../jobs.ts'
import type { Adversary } from './adversary.ts'
import { half } from './adversary.ts'

const wrongResult: Hex = `0x${'bd'.repeat(32)}`

export const executors: readonly Adversary[] = [
  {
    name: 'A4 wrong job',
    by: 'compute',
    gives: (_, result, { did }) => {
      if (result.type !== 'performed') return result
      did('named a result that it did not get')
      const worth = result.worth?.map((count) => count + 1) ?? null
      return { ...result, worth, result: worth === null ? wrongResult : Job.worthDigest(worth) }
    },
  },
  {
    name: 'A4 false check',
    by: 'compute',
    gives: (_, result, { did }) => {
      if (result.type !== 'verified') return result
      did('said the opposite of what it found')
      return { ...result, agrees: !result.agrees }
    },
  },
  {
    name: 'A4 unpublished job',
    by: 'compute',
    gives: (_, result, { did }) => {
      if (result.type !== 'performed' || result.worth !== null) return result
      did('published nothing of what it trained')
      return { ...result, result: Jobs.withheld }
    },
  },
  {
    name: 'A4 silence about jobs',
    by: 'compute',
    says: (draft, { did }) => {
      const isOfJobs = draft.kind === 'jobDone' || draft.kind === 'jobChecked'
      if (isOfJobs) did(`kept its ${draft.kind} to itself`)
      return isOfJobs ? [] : [{ draft }]
    },
  },
  {
    name: 'A4 jobs told to some',
    by: 'compute',
    says: (draft, { did }) => {
      if (draft.kind !== 'jobDone' && draft.kind !== 'jobChecked') return [{ draft }]
      did(`told its ${draft.kind} to some`)
      return [{ draft, to: half }]
    },
  },
  {
    name: 'A4 check taken back',
    by: 'compute',
    says: (draft, { did }) => {
      if (draft.kind !== 'jobChecked') return [{ draft }]
      did('named a result of its own for what it had checked')
      const { task, round, slot, body } = draft
      const named = { job: body.job, result: wrongResult, worth: null }
      // When a record may pay it already.
      return [
        { draft },
        { draft: { task, round, slot, kind: 'jobDone', body: named }, after: RoleJobs.spreads + 1 },
      ]
    },
  },
  {
    name: 'A1 pays itself for jobs',
    by: 'compute',
    says: (draft, { did, network, account }) => {
      if (draft.kind === 'recordSigned') {
        const own = network.heard('recordProposed', draft.round).find(({ sender }) => sender === account)
        return [
          own === undefined
            ? { draft }
            : { draft: { ...draft, body: { record: Record.hash(own.body.record) } } },
        ]
      }
      if (draft.kind !== 'recordProposed') return [{ draft }]
      did('paid for jobs that nobody did')
      const { record } = draft.body
      const jobs = record.jobs + (1000n << (16n * BigInt(record.aggregator)))
      return [{ draft: { ...draft, body: { ...draft.body, record: { ...record, jobs } } } }]
    },
  },
]
