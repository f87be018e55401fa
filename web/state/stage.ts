// Where a participation or a round stands, in words.
import type { Participation, Role, Stage } from '../session/view/participation.ts'
import type { RoundView } from '../session/view/round.ts'

export type Words = { readonly text: string; readonly tone: 'plain' | 'accent' | 'good' | 'warn' | 'bad' }

const stages = {
  creating: { text: 'Paying into escrow', tone: 'accent' },
  open: { text: 'Looking for providers', tone: 'accent' },
  asked: { text: 'Needs your answer', tone: 'warn' },
  matching: { text: 'Waiting for others', tone: 'accent' },
  starting: { text: 'Starting', tone: 'accent' },
  training: { text: 'Training', tone: 'accent' },
  faulted: { text: 'Model provider at fault', tone: 'bad' },
  settling: { text: 'Settling', tone: 'accent' },
  challenge: { text: 'Settled, claims open soon', tone: 'good' },
  claimable: { text: 'Ready to claim', tone: 'good' },
  claimed: { text: 'Done and paid', tone: 'good' },
  cancelled: { text: 'Cancelled', tone: 'plain' },
  declined: { text: 'Declined', tone: 'plain' },
  missed: { text: 'Over without you', tone: 'plain' },
} satisfies Record<Stage, Words>

const roundStages = {
  opened: 'Opened',
  ready: 'Ready, waiting for the others',
  training: 'Training',
  encrypting: 'Delivering',
  delivered: 'Delivered',
  adding: 'Adding updates',
  signing: 'Signing the sum',
  committed: 'On the chain',
  opening: 'Opening the sum',
  done: 'Done',
  aborted: 'Given up',
} satisfies Record<RoundView['stage'], string>

const partyStages = {
  asked: 'Asked',
  nominated: 'Agreed',
  accepted: 'Signed',
  declined: 'Declined',
  silent: 'No answer',
  enrolled: 'Taking part',
  absent: 'Absent',
} satisfies Record<Participation['parties'][number]['stage'], string>

export function words({ stage }: Pick<Participation, 'stage'>): Words {
  return stages[stage]
}

/** What happens meanwhile, as a sentence; empty when nothing does. */
export function waiting({
  stage,
  waitsFor,
  rounds,
  jobs,
}: Pick<Participation, 'stage' | 'waitsFor' | 'rounds' | 'jobs'>): string {
  if (rounds.length === 0 && jobs.some((job) => job.kind === 'warmStart' && job.stage === 'open'))
    return 'Waiting for compute providers to train the released rows first.'
  if (stage === 'missed') return 'It went on without this device. Nothing of yours was lost.'
  return waitsFor === '' ? '' : `Waiting for ${waitsFor.charAt(0).toLowerCase()}${waitsFor.slice(1)}`
}

export function roundWords(stage: RoundView['stage'], role: Role): string {
  if (role !== 'data' && stage === 'ready') return 'Providers get ready'
  if (role !== 'data' && stage === 'training') return 'Providers train'
  return roundStages[stage]
}

export function partyWords(stage: Participation['parties'][number]['stage']): string {
  return partyStages[stage]
}

/** Whether its rounds are under way or over, so that a table of rounds makes sense. */
export function hasBegun(stage: Stage): boolean {
  return ['training', 'faulted', 'settling', 'challenge', 'claimable', 'claimed'].includes(stage)
}

/** The round under way, or the last one. */
export function latest(rounds: readonly RoundView[]): RoundView | undefined {
  return rounds.reduce<RoundView | undefined>(
    (last, each) => (last === undefined || each.round > last.round ? each : last),
    undefined,
  )
}
