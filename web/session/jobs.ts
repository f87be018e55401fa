// A task's jobs as its compute providers and its model provider see them: whose turn it is, what came of them, what they earn.
import * as Job from '../../protocol/job.ts'
import * as Jobs from '../../protocol/roles/jobs.ts'
import type { State } from './participations.ts'
import type { JobView } from './view/participation.ts'

export function of(state: State): readonly JobView[] {
  if (state.role === 'data') return []
  return Object.values(state.jobs.posted).map(({ body: { job } }) => view(state, job))
}

function view(state: Exclude<State, { role: 'data' }>, job: Job.Job): JobView {
  const { owed, agreed, contradicted } = Jobs.verdict(state, job.number)
  const done = state.jobs.done[job.number] ?? {}
  const checked = state.jobs.checked[job.number] ?? {}
  return {
    number: job.number,
    kind: job.kind,
    /** Parts count from 1 for people. */
    about: job.kind === 'score' ? job.round : job.part + 1,
    kilounits: Job.kilounits(job, state.spec.model),
    closes: state.jobs.posted[job.number]?.body.closes ?? 0,
    stage: agreed !== undefined ? 'agreed' : contradicted.length > 0 ? 'disputed' : 'open',
    executors: (Jobs.executors(state, job) ?? []).map((seat) => ({
      account: state.ledger.computes[seat]?.account ?? '0x',
      said: done[seat] !== undefined ? 'done' : said(checked[seat]?.message.body.agrees),
      isOwed: owed.includes(seat),
      isContradicted: contradicted.includes(seat),
    })),
  }
}

function said(agrees: boolean | undefined): 'agrees' | 'differs' | undefined {
  if (agrees === undefined) return undefined
  return agrees ? 'agrees' : 'differs'
}
