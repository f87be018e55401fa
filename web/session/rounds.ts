// The rounds of a participation: what the role knows of each, what the chain says, and what was measured here.
import * as Contribution from '../../protocol/contribution.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import * as ModelProvider from '../../protocol/roles/modelProvider.ts'
import type { Entry, State } from './participations.ts'
import type { Parts } from './parts.ts'
import * as Parties from './parties.ts'
import type { RoundView } from './view/round.ts'

type Known = Pick<
  RoundView,
  | 'stage'
  | 'accuracy'
  | 'correct'
  | 'tested'
  | 'contributions'
  | 'ready'
  | 'delivered'
  | 'survivors'
  | 'shares'
>
const unknown: Known = {
  stage: 'opened',
  accuracy: undefined,
  correct: undefined,
  tested: undefined,
  contributions: [],
  ready: 0,
  delivered: 0,
  survivors: 0,
  shares: undefined,
}

/** Oldest first. */
export function of({ meters, transactions }: Parts, entry: Entry): readonly RoundView[] {
  const state = entry.state()
  const numbers = new Set([
    ...Object.keys(state.rounds).map(Number),
    ...state.ledger.rounds.map(({ record }) => record.round),
  ])
  return [...numbers]
    .sort((a, b) => a - b)
    .map((round) => {
      const { bytes, seconds, loss, backend, openedAt, endedAt } = meters.of(entry.id, round)
      const gas = transactions.commitGas(state.id, round)
      return { round, ...known(state, round), bytes, seconds, loss, backend, gas, openedAt, endedAt }
    })
}

function known(state: State, number: number): Known {
  const record = Ledger.committed(state.ledger, number)?.record
  const told = toldBy(state, number)
  if (record === undefined) {
    const isOver = Ledger.lastRound(state.ledger) > number || state.ledger.state !== 'running'
    return isOver ? { ...told, stage: 'aborted' } : told
  }
  return {
    ...told,
    stage: told.stage === 'done' || told.stage === 'opening' ? told.stage : 'committed',
    delivered: Parties.count(record.delivered),
    survivors: Parties.count(record.survivors),
    shares: state.role === 'model' ? sharesOf(state, number) : undefined,
  }
}

function sharesOf(
  { ledger, terms, rounds, convicted }: ModelProvider.State,
  number: number,
): Known['shares'] {
  const given = rounds[number]?.unmasked ?? {}
  const members = Ledger.present(ledger)
  const silent = members.filter((seat) => given[seat] === undefined)
  return {
    given: members.length - silent.length,
    members: members.length,
    needed: terms.threshold,
    silent: silent.flatMap((seat) => ledger.computes[seat]?.account ?? []),
    wrong: ledger.computes.flatMap(({ account }) => (convicted[account] === undefined ? [] : [account])),
  }
}

function toldBy(state: State, number: number): Known {
  switch (state.role) {
    case 'data':
      return toldByData(state, number)
    case 'compute':
      return toldByCompute(state, number)
    case 'model':
      return toldByModel(state, number)
    default:
      return state satisfies never
  }
}

function toldByData(state: DataProvider.State, number: number): Known {
  const round = state.rounds[number]
  if (round === undefined) return unknown
  const { accuracy, update } = round
  if (accuracy !== undefined) return { ...unknown, accuracy, stage: 'done' }
  if (update !== undefined && DataProvider.isKept(state, round)) return { ...unknown, stage: 'delivered' }
  if (update !== undefined) return { ...unknown, stage: 'encrypting' }
  if (round.cohorts !== undefined) return { ...unknown, stage: 'training' }
  return round.ready ? { ...unknown, stage: 'ready' } : unknown
}

function toldByCompute(state: Extract<State, { role: 'compute' }>, number: number): Known {
  const round = state.rounds[number]
  if (round === undefined) return unknown
  const ready = Object.keys(round.ready).length
  const delivered = Object.values(round.updates).filter((update) => update.state === 'sound').length
  const counts = { ...unknown, ready, delivered }
  if (state.signed[number] !== undefined) return { ...counts, stage: 'signing' }
  if (round.adding !== undefined) return { ...counts, stage: 'adding' }
  if (delivered > 0) return { ...counts, stage: 'delivered' }
  return round.adopted === undefined
    ? { ...counts, stage: ready > 0 ? 'ready' : 'opened' }
    : { ...counts, stage: 'training' }
}

function toldByModel(state: ModelProvider.State, number: number): Known {
  const round = state.rounds[number]
  if (round === undefined) return unknown
  const { result } = round
  const counts = { ...unknown, ready: Parties.count(round.ready), delivered: Parties.count(round.announced) }
  if (typeof result !== 'string') {
    const { correct, total: tested } = result
    const contributions = result.contributions.map((value) => value / Contribution.scale)
    const accuracy = ModelProvider.accuracyOf(round)
    return { ...counts, stage: 'done', accuracy, correct, tested, contributions }
  }
  if (result === 'lost') return { ...counts, stage: 'aborted' }
  if (state.outbox[`open:${number}`] !== undefined) return { ...counts, stage: 'opening' }
  if (counts.delivered > 0) return { ...counts, stage: 'delivered' }
  return { ...counts, stage: counts.ready > 0 ? 'training' : 'opened' }
}
