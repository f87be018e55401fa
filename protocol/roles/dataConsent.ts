// How a data provider comes to take part: its owner or a standing rule agrees, it nominates, and it accepts a roster.
import type * as Body from '../body.ts'
import type { Address } from '../codec.ts'
import type * as Message from '../message.ts'
import * as Offer from '../offer.ts'
import * as Party from '../party.ts'
import type * as Reliability from '../reliability.ts'
import * as TaskSpec from '../taskSpec.ts'
import * as Nominee from './nominee.ts'
import * as Participant from './participant.ts'

export type State = Participant.Participant & {
  readonly offer: Offer.DataOffer
  /** Compute providers it may nominate, by account. */
  readonly computes: Readonly<{ [account: Address]: Offer.ComputeOffer }>
  /** What the market knew of compute providers when this one was asked. */
  readonly records: Reliability.Records
  /** The latest request: how often it was asked, and whom it may nominate; everyone if empty. */
  readonly asked: { readonly attempt: number; readonly among: readonly Address[] }
  /** The owner's answer; `compute` undefined leaves the nomination to the role. */
  readonly answer: 'none' | 'declined' | { readonly compute: Address | undefined }
  readonly nominated: { readonly attempt: number; readonly compute: Address } | undefined
  readonly roster: { readonly slot: number; readonly body: Body.Of<'roster'> } | undefined
  /** Slot of the roster it accepted; −1 before. */
  readonly accepted: number
  /** Takes part in no further round. */
  readonly left: boolean
}

/** Takes in a message about who takes part. */
export function read<state extends State>(state: state, message: Message.Message, now: number): state {
  if (message.kind === 'computeOffer') return computeOffered(state, message.body.offer, now)
  if (!Participant.isFromModelProvider(state, message)) return state
  if (
    message.kind === 'request' &&
    message.body.to === state.me.account &&
    message.slot > state.asked.attempt
  )
    return { ...state, asked: { attempt: message.slot, among: message.body.among } }
  if (message.kind === 'roster' && message.slot > (state.roster?.slot ?? -1))
    return { ...state, roster: { slot: message.slot, body: message.body } }
  return state
}

function computeOffered<state extends State>(state: state, offer: Offer.ComputeOffer, now: number): state {
  if (state.ledger.state === 'running' || Offer.isExpired(offer, now)) return state
  return { ...state, computes: { ...state.computes, [offer.account]: offer } }
}

/** Wishes for what brings it nearer to taking part. */
export function advance<state extends State>(state: state, now: number): state {
  return accept(nominate(consent(state), now))
}

function consent<state extends State>(state: state): state {
  if (state.answer !== 'none' || !state.rules.consent) return state
  return { ...state, answer: { compute: undefined } }
}

function nominate<state extends State>(state: state, now: number): state {
  const { answer, asked, nominated } = state
  if (typeof answer === 'string' || nominated?.attempt === asked.attempt) return state
  const compute = Nominee.choose(state, answer.compute, now)
  if (compute === undefined) return state
  const told = { ...state, nominated: { attempt: asked.attempt, compute } }
  return Participant.send(told, {
    kind: 'nomination',
    task: state.id,
    round: 0,
    slot: asked.attempt,
    body: { compute },
  })
}

/** Signs a roster that has both itself and the compute provider that it nominated. */
function accept<state extends State>(state: state): state {
  const { roster, nominated, me, offer } = state
  if (roster === undefined || nominated === undefined || roster.slot <= state.accepted) return state
  const compute = roster.body.computes.indexOf(nominated.compute)
  if (compute === -1 || !roster.body.datas.includes(me.account)) return state
  const { floor, samples, quality, dataSignature } = offer
  const party: Party.DataParty = { ...me, floor, samples, quality, compute, dataSignature }
  const committee = Party.committeeHash(roster.body.computes)
  return Participant.send(
    { ...state, accepted: roster.slot },
    { kind: 'dataAcceptance', task: state.id, round: 0, slot: roster.slot, body: { committee, party } },
  )
}

export function decline<state extends State>(state: state): state {
  if (state.answer === 'declined') return state
  return Participant.send(
    { ...state, answer: 'declined', left: true },
    { kind: 'decline', task: state.id, round: 0, slot: 0, body: {} },
  )
}

/** From here on the attacks of test/attacks read no picture out of opened sums. */
const fewestSamples = 16

/** Why its offer does not cover this task; undefined when it does. */
export function objectionTo(state: State, request: Message.Of<'request'>, now: number): string | undefined {
  const { offer, terms, spec, place } = state
  if (!Participant.isFromModelProvider(state, request)) return 'The request is not from the model provider.'
  if (request.body.offer !== Offer.dataDigest(place, offer)) return 'The request is for another offer.'
  if (Offer.isExpired(offer, now)) return new Offer.ExpiredError(offer.expires, now).message
  if (offer.schemaId !== terms.schemaId) return 'The task wants data of another schema.'
  if (offer.token !== terms.token) return 'The task pays in another token.'
  if (offer.samples < fewestSamples)
    return `An update made of fewer than ${fewestSamples} samples shows too much of each.`
  if (offer.quality < terms.minQuality) return 'The task wants data of higher quality.'
  if (offer.floor > terms.dataPool) return 'The task pays less than the offer asks.'
  try {
    TaskSpec.assertBound(spec, terms)
  } catch (thrown) {
    return thrown instanceof TaskSpec.BoundError ? thrown.message : String(thrown)
  }
  return undefined
}
