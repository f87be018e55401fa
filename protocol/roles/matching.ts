// How a model provider gathers a task's participants: asks, collects nominations, freezes a roster, starts with who accepts.
import type { Address, Hex } from '../codec.ts'
import * as Invitation from '../invitation.ts'
import type * as Party from '../party.ts'
import * as Nominations from './nominations.ts'
import * as Participant from './participant.ts'
import * as Requests from './requests.ts'
import * as Roster from './roster.ts'

type State = Nominations.State

/** Most times that a start is tried which is refused for a reason that no other roster mends. */
const mostStarts = 3

/** Wishes for what brings the task nearer to its start. */
export function advance<state extends State>(state: state, now: number): state {
  const asking = Requests.inviteSeats(Requests.inviteDatas(state, now), now)
  if (asking.roster === undefined) return Roster.isGathered(asking, now) ? Roster.freeze(asking, now) : asking
  return begin(asking, asking.roster, now)
}

/** Starts when everyone accepted, or with those who did when the others' time is over; else makes another roster. */
function begin<state extends State>(state: state, roster: Nominations.Roster, now: number): state {
  const { terms } = state
  const datas = roster.datas.flatMap((account) => {
    const acceptance = state.asked[account]?.acceptance
    return acceptance?.slot === roster.slot ? [acceptance] : []
  })
  const nominated = new Set(datas.map(({ party }) => roster.computes[party.compute]))
  const accepted = roster.computes.filter((account) => state.seats[account]?.acceptance !== undefined)
  const present = accepted.filter((account) => nominated.has(account))
  const isComplete = datas.length === roster.datas.length && accepted.length === roster.computes.length
  if (!isComplete && now < roster.at + 2 * Requests.patience(state)) return state
  if (datas.length >= terms.minDatas && present.length >= terms.threshold) {
    if (isRefused(state)) return state
    const computes = roster.computes.flatMap((account) => seated(state.seats[account]))
    const parties = { computes: computes.map(({ party }) => party), datas: datas.map(({ party }) => party) }
    const acceptances = {
      computes: computes.map(({ signature }) => signature),
      datas: datas.map(({ signature }) => signature),
      invitations:
        state.invited.length === 0
          ? []
          : parties.datas.map(({ account }) => Invitation.proof(state.invited, account)),
    }
    return Participant.submit(state, 'start', { name: 'start', terms, parties, acceptances }, now)
  }
  const silent = roster.datas.filter((account) => state.asked[account]?.acceptance?.slot !== roster.slot)
  const idle = roster.computes.filter((account) => !accepted.includes(account))
  let next: state = { ...state, roster: undefined }
  for (const account of silent) {
    const asked = next.asked[account]
    if (asked !== undefined) next = Nominations.withAsked(next, { ...asked, declined: true })
  }
  for (const account of idle) {
    const seat = next.seats[account]
    if (seat !== undefined) next = Nominations.withSeat(next, { ...seat, out: true })
  }
  return next
}

/** A seat that did not accept takes its place all the same, absent. */
function seated(
  seat: Nominations.Seat | undefined,
): readonly { readonly party: Party.ComputeParty; readonly signature: Hex | undefined }[] {
  if (seat === undefined) return []
  const { account, device, box, price } = seat.offer
  return [seat.acceptance ?? { party: { account, payee: account, device, box, price }, signature: undefined }]
}

/**
 * The market did not start the task. Seats whose deposit does not cover the bond any more are out and the roster is drawn
 * again without them; what is refused for another reason is tried a few times and then left to the owner.
 */
export function refused<state extends State>(
  state: state,
  { reason, short = [] }: { readonly reason: string; readonly short?: readonly Address[] },
): state {
  const seats = short.flatMap((account) => state.seats[account] ?? [])
  if (seats.length > 0) {
    const without = seats.reduce((so, seat) => Nominations.withSeat(so, { ...seat, out: true }), state)
    const told = Participant.note(
      without,
      `${seats.length === 1 ? 'A compute provider has' : `${seats.length} compute providers have`} no deposit for the bond any more. The others choose again.`,
    )
    return { ...told, roster: undefined }
  }
  const refusals = state.refusals + 1
  if (refusals < mostStarts) return { ...state, refusals }
  const told = Participant.note(state, `The task cannot start: ${reason} Cancel it; everything comes back.`)
  return { ...told, refusals }
}

/** Whether the owner has to cancel: the market refuses to start this roster. */
export function isRefused({ refusals }: Pick<State, 'refusals'>): boolean {
  return refusals >= mostStarts
}
