// How a member keeps the keys that shares are sealed to, and gives shares away: once a round, for one committed record.
import type { Hex } from '../codec.ts'
import type * as Message from '../message.ts'
import * as Plan from '../plan.ts'
import * as Record from '../record.ts'
import type { Round, State } from './committeeRound.ts'
import * as Drawn from './drawn.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'
import * as Release from './release.ts'

/** Makes a sealing key for the first epoch, and for the one after each epoch before it begins. */
export function keepKeys<state extends State>(state: state): state {
  const { terms } = state
  const opened = Object.values(state.rounds).flatMap(({ opened: each }) => each?.body.epoch ?? [])
  const last = Plan.epoch(terms, terms.maxRounds)
  const epochs = new Set([0, ...opened, ...opened.map((epoch) => epoch + 1)])
  let next = [0, ...opened].reduce((so, epoch) => Drawn.ask(so, epoch), state)
  for (const epoch of epochs) {
    if (epoch > last || next.keys[epoch] !== undefined) continue
    next = Participant.wish(
      { ...next, keys: { ...next.keys, [epoch]: 'made' } },
      { id: `seal:${epoch}`, type: 'seal', epoch },
    )
  }
  return eraseKeys(next)
}

/** Erases the keys of epochs of which nothing can be unmasked any more. */
export function eraseKeys<state extends State>(state: state): state {
  const { ledger, terms } = state
  const reached = Plan.epoch(terms, Math.max(1, Ledger.lastRound(ledger)))
  return Object.entries(state.keys)
    .filter(([, key]) => key === 'made')
    .map(([epoch]) => Number(epoch))
    .filter((epoch) => isClosed(state, epoch, reached))
    .reduce((so, number) => {
      const idle = Participant.unwish(so, ({ id }) => id === `seal:${number}`)
      const keys = { ...so.keys, [number]: 'erased' as const }
      return Participant.wish(
        { ...idle, keys },
        { id: `forget:epoch:${number}`, type: 'forget', of: 'epoch', number },
      )
    }, state)
}

function isClosed(state: State, epoch: number, reached: number): boolean {
  const { ledger, terms } = state
  if (ledger.state === 'cancelled') return true
  if (ledger.state === 'settled' || ledger.state === 'faulted') return ledger.head > ledger.deadline
  return (
    epoch < reached &&
    ledger.rounds
      .filter(({ record }) => Plan.epoch(terms, record.round) === epoch)
      .every(({ record }) => ledger.head > opensBy(state, record.closes))
  )
}

/** Unix seconds after which a committed round is opened no more. */
export function opensBy({ spec }: Participant.Participant, closes: number): number {
  return closes + spec.timeouts.commit
}

/** Wishes for the shares that a committed round is opened with. */
export function unmask<state extends State>(state: state, round: Round, seat: number): state {
  if (state.released[round.round] !== undefined || round.opened === undefined) return state
  const release = Release.due(state, round)
  if (release === undefined) return state
  const wanted = wantedOf(state, round, release, seat)
  if (wanted === undefined) return state
  return Participant.wish(
    { ...state, released: { ...state.released, [round.round]: release.record } },
    {
      id: `unmask:${round.round}`,
      type: 'unmask',
      round: round.round,
      epoch: round.opened.body.epoch,
      record: release.record,
      wanted,
    },
  )
}

/** For each survivor its seed's share, for everyone else of an opened cohort its key's; undefined while one is not known. */
function wantedOf(
  state: State,
  round: Round,
  { cohorts, survivors }: Release.Release,
  seat: number,
): Extract<Effect.Effect, { readonly type: 'unmask' }>['wanted'] | undefined {
  const opened = cohorts
    .filter((cohort) => (cohort & survivors) !== 0n)
    .reduce((all, cohort) => all | cohort, 0n)
  const wanted = []
  for (const provider of Record.seats(opened)) {
    const [ready, party] = [round.ready[provider], state.ledger.datas[provider]]
    if (ready?.opened !== round.opened?.bodyDigest || ready === undefined || party === undefined)
      return undefined
    const share = ready.masks.shares.find((each) => each.seat === seat)
    if (share === undefined) continue
    const survived = ((survivors >> BigInt(provider)) & 1n) === 1n
    wanted.push(
      survived
        ? ({ provider: party.account, kind: 'seed', sealed: share.seed, hash: share.seedHash } as const)
        : ({ provider: party.account, kind: 'key', sealed: share.key, hash: share.keyHash } as const),
    )
  }
  return wanted
}

/** Says what its worker opened. */
export function say<state extends State>(
  state: state,
  { round, record }: Extract<Effect.Effect, { readonly type: 'unmask' }>,
  { shares }: Extract<Event.Result, { readonly type: 'unmasked' }>,
): state {
  const body: Message.Of<'unmask'>['body'] = {
    record,
    shares: shares.toSorted((a, b) => (a.provider < b.provider ? -1 : 1)),
  }
  return Participant.send(state, { kind: 'unmask', task: state.id, round, slot: 0, body })
}

/** Says its sealing key. */
export function announce<state extends State>(state: state, epoch: number, key: Hex): state {
  if (state.keys[epoch] !== 'made') return state
  return Participant.send(state, {
    kind: 'sealingKey',
    task: state.id,
    round: 0,
    slot: epoch,
    body: { epoch, key },
  })
}
