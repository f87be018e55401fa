// A task's life and dues as a person reads them in a terminal, and as JSON.
import * as History from '../protocol/history.ts'
import * as Reason from '../protocol/reason.ts'
import * as Record from '../protocol/record.ts'

export type Told = {
  readonly history: History.History
  /** Unix seconds, by block. */
  readonly times: ReadonlyMap<number, number>
}

/** Bigints as decimal strings. */
export function json({ history, times }: Told): string {
  const { task, terms, state, deadline, computes, datas, absent, slashed, guilty, settlement } = history
  const { basis, isAssumed, dues, claimed } = History.owed(history)
  const events = history.events.map((event) => ({ ...event, time: times.get(event.block) }))
  const owed = dues.map((due) => ({ ...due, reasons: Reason.of(history, due, amount) }))
  const facts = {
    task,
    terms,
    state,
    deadline,
    computes,
    datas,
    absent,
    slashed,
    guilty,
    settlement,
    claimed,
  }
  const written = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)
  return `${JSON.stringify({ ...facts, events, owed: { basis, isAssumed, dues: owed } }, written, 2)}\n`
}

export function text(told: Told): string {
  const { history } = told
  const { basis, isAssumed, dues } = History.owed(history)
  const total = dues.reduce((sum, due) => sum + due.amount, 0n)
  const assumed = isAssumed
    ? '\nIts plan asks for utilities that are not told yet: every cohort was taken to weigh the same.'
    : ''
  return [
    `Task ${history.task}`,
    `${history.state}${history.guilty ? ', model provider guilty' : ''}; ${untilWhen(history)}`,
    `Token ${history.terms.token}; all amounts in its base units.`,
    '',
    'What happened',
    table(
      ['time', 'block', 'event'],
      history.events.map((event) => [
        moment(told.times.get(event.block) ?? 0),
        `${event.block}`,
        sentence(history, event),
      ]),
    ),
    `What each is owed, ${bases[basis]}${assumed}`,
    table(
      ['seat', 'role', 'account', 'amount', 'status'],
      dues.map((due) => [
        `${due.index}`,
        `${due.role} provider`,
        due.account,
        amount(due.amount),
        status(history, basis, due),
      ]),
    ),
    'Why',
    ...dues.flatMap((due) =>
      Reason.of(history, due, amount).map(
        (reason) => `  ${`${due.index}`.padStart(3)}  ${amount(reason.amount)}: ${reason.because}`,
      ),
    ),
    '',
    `Together ${amount(total)}: all that the task ${basis === 'cancelled' ? 'held' : 'was funded with'}.`,
    '',
  ].join('\n')
}

const bases: { readonly [basis in History.Basis]: string } = {
  ifCancelled: 'if it were cancelled now',
  ifExpired: 'if it expired without a round',
  ifSettled: 'if it were settled now by the model provider',
  settled: 'as settled',
  cancelled: 'as refunded to free deposits',
}

function untilWhen({ state, deadline }: History.History): string {
  switch (state) {
    case 'open':
      return `it can start until ${moment(deadline)}`
    case 'running':
      return `rounds can be committed until ${moment(deadline)}`
    case 'faulted':
      return 'anyone can settle it'
    case 'settled':
      return `claims open after ${moment(deadline)}`
    case 'none':
    case 'cancelled':
      return 'nothing more can happen'
    default:
      return state satisfies never
  }
}

function sentence({ computes, datas, terms }: History.History, event: History.TaskEvent): string {
  const counted = (bits: bigint) => Record.seats(bits).length
  switch (event.name) {
    case 'TaskCreated':
      return `created by ${event.modelProvider}: data pool ${amount(terms.dataPool)}, compute pool ${amount(terms.computePool)}, bond ${amount(terms.bond)}, plan ${terms.plan}`
    case 'TaskStarted': {
      const absent = event.absent === 0 ? '' : `, absent compute seats ${seats(event.absent)}`
      return `started with ${datas.length} data providers and ${computes.length} compute providers${absent}`
    }
    case 'RoundCommitted': {
      const { record, round, signers } = event
      const cohorts = record.cohorts.filter((cohort) => (cohort & record.survivors) !== 0n).length
      return `round ${round}: ${counted(record.delivered)} delivered, ${counted(record.survivors)} in ${cohorts} sums, added by compute seat ${record.aggregator}, signed by ${seats(signers)}${jobs(record.jobs, computes.length)}`
    }
    case 'TaskSettled':
      return `settled${event.punished ? ', the model provider’s bond to the data providers' : ''}, root ${event.root}`
    case 'TaskFaulted':
      return `faulted: the model provider signed two openings of round ${event.round}`
    case 'Slashed':
      return `slashed: compute seats ${seats(event.seats)} signed what is false about round ${event.round}`
    case 'TaskCancelled':
      return 'cancelled, everything refunded to free deposits'
    case 'Claimed':
      return `leaf ${event.index} claimed: ${amount(event.amount)} to ${event.payee}`
    default:
      return event satisfies never
  }
}

function jobs(lanes: bigint, computes: number): string {
  const named = Array.from({ length: computes }, (_, seat) => ({
    seat,
    kilounits: Record.kilounits(lanes, seat),
  }))
  return named
    .filter(({ kilounits }) => kilounits > 0n)
    .map(({ seat, kilounits }) => `, ${amount(kilounits)} kilounits of jobs by compute seat ${seat}`)
    .join('')
}

function status({ state, terms }: History.History, basis: History.Basis, due: History.Due): string {
  const to = due.receiver === due.account ? '' : ` to ${due.receiver}`
  const lost = due.isSlashed ? 'slashed: ' : due.isAbsent ? 'absent: ' : ''
  if (basis === 'cancelled') return `${lost}refunded${to}`
  if (state !== 'settled')
    return `${lost}in escrow${due.isSlashed && terms.modelProvider !== due.account ? to : ''}`
  return `${lost}${due.isClaimed ? 'claimed' : due.amount === 0n ? 'nothing to claim' : 'to be claimed'}${to}`
}

function seats(bits: number): string {
  return Record.seats(BigInt(bits)).join(', ')
}

function amount(units: bigint): string {
  return units.toLocaleString('en')
}

function moment(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)))
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, i) => (head[i] === 'amount' || head[i] === 'block' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  ')}`.trimEnd()
  return [line(head), ...rows.map(line), ''].join('\n')
}
