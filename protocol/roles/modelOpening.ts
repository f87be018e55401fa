// How a model provider opens the sums of its rounds, and what it makes of them: the result, whom it blames, and which keys
// it erases.
import * as Record from '../record.ts'
import * as Contribution from './contribution.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Ledger from './ledger.ts'
import * as ModelRound from './modelRound.ts'
import * as Participant from './participant.ts'

/** Basis points on the test set after a round; undefined while they are not known. */
export function accuracyOf({ result }: ModelRound.Round): number | undefined {
  if (typeof result === 'string' || result.total === 0) return undefined
  return Math.floor((result.correct * 10_000) / result.total)
}

/** Takes in what opening the sums of a round gave. */
export function finish<state extends ModelRound.State>(
  state: state,
  effect: Extract<Effect.Effect, { readonly type: 'open' }>,
  result: Event.Result,
): state {
  const round = state.rounds[effect.round]
  if (round === undefined) return state
  const record = Ledger.committed(state.ledger, round.round)?.record
  if (result.type !== 'opened' || record === undefined)
    return ModelRound.put(state, { ...round, result: 'lost' })
  const { correct, total, nextModelHash, sums } = result
  const players = Contribution.playersOf(effect, result)
  const contributions = Contribution.ofRound(players, result.worth, record)
  const wrong = effect.cohorts.flatMap(({ cohort }, at) => (sums[at]?.digest === null ? [cohort] : []))
  const spoilt = spoil(blame(state, round.round, result), round, record)
  const discarded = [...new Set([...wrong, ...spoilt.cohorts])].toSorted((a, b) => a - b)
  const gained = { correct, total, nextModelHash, contributions, players }
  const opened: ModelRound.Round = { ...round, result: gained, discarded }
  return Participant.send(ModelRound.put(spoilt.state, opened), {
    kind: 'opened',
    task: state.id,
    round: round.round,
    slot: 0,
    body: {
      record: Record.hash(record),
      sums: sums.map(({ digest }) => digest),
      model: nextModelHash,
      accuracy: accuracyOf(opened) ?? null,
    },
  })
}

/** Notes whose updates or shares were wrong. */
function blame<state extends ModelRound.State>(
  state: state,
  round: number,
  { sums, wrongShares }: Extract<Event.Result, { readonly type: 'opened' }>,
): state {
  const { ledger } = state
  const shamed = wrongShares.reduce((so, { seat, provider }) => {
    const author = ledger.computes[seat]?.account
    const sentence = `${author} gave a wrong share of ${provider} in round ${round}.`
    return author === undefined ? so : ModelRound.blame(so, author, sentence)
  }, state)
  return sums.reduce((so, sum) => {
    if (sum.digest !== null) return so
    if (sum.provider === null)
      return Participant.note(so, `A sum of round ${round} was discarded: its ${sum.discarded} were wrong.`)
    return ModelRound.blame(
      so,
      sum.provider,
      `${sum.provider} shared another secret than it announced in round ${round}.`,
    )
  }, shamed)
}

/** Notes who sealed shares that open nothing, and which cohorts cannot be read for that. */
function spoil<state extends ModelRound.State>(state: state, round: ModelRound.Round, record: Record.Body) {
  const spoilers = ModelRound.spoilers(state, round, record)
  const named = spoilers.reduce(
    (so, { account }) =>
      Participant.note(
        so,
        `${account} sealed shares of round ${round.round} that the committee cannot open.`,
      ),
    state,
  )
  return { state: named, cohorts: [...new Set(spoilers.map(({ cohort }) => cohort))] }
}

/** Opens what was committed, once sums and shares are there; at the end with the cohorts that have them, or not at all. */
export function openSums<state extends ModelRound.State>(state: state, now: number): state {
  let next = state
  for (const round of Object.values(state.rounds)) {
    const committed = Ledger.committed(state.ledger, round.round)
    if (committed === undefined || round.result !== 'none') continue
    const { record } = committed
    const opensBy = ModelRound.opensBy(state, record.closes)
    const id = `open:${round.round}`
    if (state.outbox[id] !== undefined) {
      // Shares are here, and the bytes of the sums are nowhere.
      if (now <= opensBy + state.spec.timeouts.commit) continue
      const told = Participant.note(next, `The sums of round ${round.round} were not to be had.`)
      next = ModelRound.put(
        Participant.unwish(told, (effect) => effect.id === id),
        { ...round, result: 'lost' },
      )
      continue
    }
    next = ModelRound.convict(next, round, record)
    const isPatient = now <= (record.closes + opensBy) / 2
    const opening = ModelRound.opening(state, round, record, isPatient)
    if (typeof opening !== 'string') next = Participant.wish(next, opening)
    else if (now > opensBy) {
      const { state: told, cohorts } = spoil(Participant.note(next, opening), round, record)
      next = ModelRound.put(told, { ...round, result: 'lost', discarded: cohorts })
    }
  }
  return next
}

/** Erases the secret keys of rounds that were opened, or can be no more. */
export function forgetOver<state extends ModelRound.State>(state: state): state {
  const { ledger } = state
  const isEnd = ledger.state !== 'running'
  return Object.values(state.rounds)
    .filter(
      (round) =>
        !round.forgotten &&
        (isEnd ||
          round.result !== 'none' ||
          (round.opened !== undefined &&
            Ledger.committed(ledger, round.round) === undefined &&
            ledger.head > round.opened.body.closes)),
    )
    .reduce(
      (so, round) =>
        Participant.wish(ModelRound.put(so, { ...round, forgotten: true }), {
          id: `forget:round:${round.round}`,
          type: 'forget',
          of: 'round',
          number: round.round,
        }),
      state,
    )
}

/** Whether sums that should long be here hold up an owner who wants to end, or a settlement that is nearly due. */
export function isStuck(state: ModelRound.State, closes: number): boolean {
  const { ready, update, commit } = state.spec.timeouts
  const { head, deadline } = state.ledger
  return head > closes + commit && (state.ended || head + ready + update + commit >= deadline)
}
