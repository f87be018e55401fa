// Where a participation stands, what it waits for, until when, and what its owner can do now.
import * as Exits from '../../protocol/roles/exits.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import * as Matching from '../../protocol/roles/matching.ts'
import * as ModelProvider from '../../protocol/roles/modelProvider.ts'
import type { State } from './participations.ts'
import type { Participation, Stage } from './view/participation.ts'

export type Situation = Pick<Participation, 'stage' | 'waitsFor' | 'deadline' | 'can'>

const nothing: Participation['can'] = {
  answer: false,
  request: false,
  freeze: false,
  settle: false,
  cancel: false,
  claim: false,
  exportModel: false,
}

export function of(state: State, money: Participation['money'], now: number): Situation {
  const stage = stageOf(state, money, now)
  return { stage, ...waitOf(state, stage), can: canOf(state, stage) }
}

function stageOf(state: State, money: Participation['money'], now: number): Stage {
  const { ledger } = state
  switch (ledger.state) {
    case 'none':
      return state.role === 'model' ? 'creating' : 'matching'
    case 'open':
      return openStage(state, now)
    case 'running':
      if (!isEnrolled(state)) return 'missed'
      return ledger.rounds.length >= state.spec.rounds || isWished(state, 'exit:settle')
        ? 'settling'
        : 'training'
    case 'faulted':
      if (!isEnrolled(state)) return 'missed'
      return isWished(state, 'exit:settle') ? 'settling' : 'faulted'
    case 'settled':
      if (!isEnrolled(state)) return 'missed'
      if (money.earned > 0n && money.claimed >= money.earned) return 'claimed'
      return Math.max(now, ledger.head) <= ledger.deadline ? 'challenge' : 'claimable'
    case 'cancelled':
      return 'cancelled'
    default:
      return ledger.state satisfies never
  }
}

function openStage(state: State, now: number): Stage {
  if (isWished(state, 'start')) return 'starting'
  if (state.role === 'model') return state.roster === undefined ? 'open' : 'matching'
  if (state.answer === 'declined') return 'declined'
  if (now > state.ledger.deadline) return 'missed'
  return state.answer === 'none' ? 'asked' : 'matching'
}

function waitOf(state: State, stage: Stage): Pick<Situation, 'waitsFor' | 'deadline'> {
  const { ledger } = state
  const until = (waitsFor: string, deadline: number | undefined = ledger.deadline) => ({ waitsFor, deadline })
  switch (stage) {
    case 'creating':
      return until('The chain to take the escrow.', undefined)
    case 'open':
      return until('You to ask providers, and their answers.')
    case 'asked':
      return until('Your answer.')
    case 'matching':
      return until(matchingWait(state), ledger.state === 'none' ? undefined : ledger.deadline)
    case 'starting':
      return until('The chain to start the task.')
    case 'training':
      return until(trainingWait(state))
    case 'faulted':
      return until('Anyone to settle the task.', undefined)
    case 'settling':
      return until(
        isWished(state, 'exit:settle')
          ? 'The chain to settle the task.'
          : 'The model provider to settle the task.',
      )
    case 'challenge':
      return until('Claims to open.')
    case 'claimable':
      return until(
        state.role === 'model' ? 'You to claim what is left.' : 'You to claim what you earned.',
        undefined,
      )
    case 'missed':
      return until('Nothing: it went on without this device.', undefined)
    case 'claimed':
    case 'cancelled':
    case 'declined':
      return until('', undefined)
    default:
      return stage satisfies never
  }
}

function matchingWait(state: State): string {
  switch (state.role) {
    case 'data':
      if (state.roster === undefined) return 'The model provider to complete the roster.'
      return state.accepted === -1 ? 'A roster with you and your compute provider.' : 'The others to accept.'
    case 'compute':
      if (state.roster === undefined) return 'The model provider to complete the roster.'
      if (state.accepted) return 'The others to accept.'
      return isWished(state, 'deposit') ? 'The chain to take your bond.' : 'A roster with you.'
    case 'model':
      return Matching.isRefused(state)
        ? 'You to cancel the task: the market refuses to start it.'
        : 'Acceptances of everyone on the roster.'
    default:
      return state satisfies never
  }
}

function trainingWait(state: State): string {
  const { outbox } = state
  if (state.role !== 'model' && Exits.isDue(state))
    return 'The model provider, whose time is up. Anyone may end the task now.'
  const types = new Set(Object.values(outbox).map((effect) => effect.type))
  if (types.has('prepareReady')) return 'This device to make the keys of the round.'
  if (types.has('contribute')) return 'This device to train, mask and encrypt.'
  if (types.has('unmask')) return 'This device to open the shares that were sealed to it.'
  if (types.has('aggregate') || types.has('recompute')) return 'This device to add encrypted updates.'
  if (types.has('check')) return 'Encrypted updates to arrive.'
  if (types.has('prepare')) return 'This device to open the round.'
  if (types.has('open')) return 'This device to open and score the sum.'
  if (types.has('submit')) return 'The chain.'
  if (state.role !== 'model') return 'The next step of the round.'
  return isUnmasking(state)
    ? 'Compute providers to give the shares that take the masks off the sum.'
    : 'Providers to train and the committee to commit the round.'
}

function isUnmasking(state: Extract<State, { role: 'model' }>): boolean {
  const round = ModelProvider.currentRound(state)
  return round?.result === 'none' && Ledger.committed(state.ledger, round.round) !== undefined
}

function canOf(state: State, stage: Stage): Participation['can'] {
  const isModel = state.role === 'model'
  const committed = state.ledger.rounds.length
  return {
    ...nothing,
    answer: stage === 'asked',
    request: isModel && stage === 'open',
    freeze: isModel && stage === 'open',
    settle: (isModel && stage === 'training' && committed > 0) || canEnd(state, stage),
    cancel: isModel && (stage === 'creating' || stage === 'open' || stage === 'matching'),
    claim: stage === 'claimable' || (stage === 'cancelled' && (isModel || state.role === 'compute')),
    exportModel: isModel && committed > 0,
  }
}

/** Whether anyone may settle or close the task now; a model provider only where it is at fault. */
function canEnd(state: State, stage: Stage): boolean {
  const isUnderWay = isWished(state, 'exit:settle') || isWished(state, 'exit:expire')
  return (
    (stage === 'training' || stage === 'settling' || stage === 'faulted') && !isUnderWay && Exits.isDue(state)
  )
}

function isWished(state: State, id: string): boolean {
  return state.outbox[id] !== undefined
}

function isEnrolled({ role, ledger, me }: State): boolean {
  if (role === 'model') return true
  if (role === 'data') return Ledger.seatOf(ledger.datas, me.account) !== undefined
  const seat = Ledger.seatOf(ledger.computes, me.account)
  return seat !== undefined && ((ledger.absent >> seat) & 1) === 0
}
