// Carries out a role's transactions: by the account itself where the market looks at it, else by a relay that pays.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Evidence from '../../protocol/evidence.ts'
import * as Market from '../../protocol/market.ts'
import * as Party from '../../protocol/party.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Terms from '../../protocol/terms.ts'
import type * as Topic from '../../protocol/topic.ts'
import * as Chain from '../net/chain.ts'
import type { Door } from '../net/door.ts'
import type { Backbones } from './backbones.ts'
import type { Participant } from './participant.ts'
import type { Sent, Sponsor } from './sponsor.ts'

export type Tools = {
  readonly place: Topic.Place
  readonly door: Door
  readonly sponsor: Sponsor
  /** Bytes of the backbone that a model builds on; undefined where it builds on none. */
  readonly backboneOf: Backbones['of']
  /** Whether the chain told of this task already. */
  readonly exists: (task: Hex) => boolean
  /** Whole free deposit of an account, token base units. */
  readonly deposit: (account: Address) => Promise<bigint>
  /** The part of it that other tasks, which have not started, count on for a bond. */
  readonly promised: (account: Address, besides: Hex) => bigint
  /** Evidence out of the bytes behind a sum. */
  readonly proveSum: (
    participant: Participant,
    call: Extract<Effect.Call, { name: 'proveSum' }>,
  ) => Promise<Evidence.Evidence>
  readonly sent: (participant: Participant, name: string, round: number, sent: Sent) => Promise<void>
}

export type Submit = (
  participant: Participant,
  effect: Extract<Effect.Effect, { type: 'submit' }>,
) => Promise<Event.Result>

/** The round that a call is about; 0 for none. */
export function roundOf({ call }: Extract<Effect.Effect, { type: 'submit' }>): number {
  return call.name === 'commitRound' ? call.commitment.record.round : 0
}

export function submitter(tools: Tools): Submit {
  const { place, door, sponsor } = tools
  const { market } = place
  let depositing: Promise<unknown> = Promise.resolve()

  /** One after another, so that each sees what the one before it moved. */
  function inTurn<value>(work: () => Promise<value>): Promise<value> {
    const turn = depositing.then(work)
    depositing = turn.catch(() => undefined)
    return turn
  }

  async function transact(participant: Participant, call: Effect.Call): Promise<Sent | undefined> {
    // The market pays the bond back only to a model provider that settles in its own name.
    const { account, task } = participant
    const send = participant.role === 'model' ? sponsor.sendOwn : sponsor.send
    switch (call.name) {
      case 'create': {
        const purpose = { machine: participant.id, round: 0 }
        const backbone = await tools.backboneOf(participant.spec.model, purpose)
        const objects = [TaskSpec.encode(participant.spec), ...(backbone === undefined ? [] : [backbone])]
        await door.put(
          task,
          objects.map((bytes) => ({ codec: 'dag-cbor', bytes })),
          purpose,
        )
        if (tools.exists(task)) return undefined
        return sponsor.sendWithTokens(account, Market.create(market, call.terms), Terms.funding(call.terms))
      }
      case 'start':
        return sponsor.sendOwn(account, Market.start(market, call.terms, call.parties, call.acceptances))
      case 'commitRound':
        return send(
          account,
          Market.commitRound(market, call.terms, call.computes, call.datas, call.commitment),
        )
      case 'settle':
        return send(account, Market.settle(market, call.terms, call.parties, call.rounds, call.utilities))
      case 'cancel':
        return send(account, Market.cancel(market, call.terms))
      case 'expire':
        return send(account, Market.expire(market, call.terms, call.computes, call.datas))
      case 'claim':
        return sponsor.send(account, Market.claim(market, call.terms, call.claims))
      case 'prove':
      case 'proveForged':
      case 'proveSum': {
        const { charge, evidence } =
          call.name === 'proveSum' ? await tools.proveSum(participant, call) : evidenceOf(place, task, call)
        const datas = Party.datasHash(call.datas)
        return sponsor.send(account, Market.prove(market, call.terms, call.computes, datas, charge, evidence))
      }
      case 'deposit':
        return inTurn(() => sponsor.depositAtLeast(account, call.amount + tools.promised(account, task)))
      case 'withdraw':
        return inTurn(async () => {
          const amount = (await tools.deposit(account)) - tools.promised(account, task)
          return amount <= 0n ? undefined : sponsor.withdraw(account, amount)
        })
      default:
        return call satisfies never
    }
  }

  /** Compute providers of a start whose deposit does not cover their bond; none where the chain does not say. */
  async function shortOf(call: Effect.Call): Promise<readonly Address[]> {
    if (call.name !== 'start') return []
    const { terms, parties } = call
    const short = parties.computes.map(async ({ account }) => {
      const free = await tools.deposit(account).catch(() => terms.computeBond)
      return free < terms.computeBond ? [account] : []
    })
    return (await Promise.all(short)).flat()
  }

  return async (participant, effect) => {
    const { id, call } = effect
    try {
      const sent = await transact(participant, call)
      if (sent !== undefined) await tools.sent(participant, call.name, roundOf(effect), sent)
    } catch (thrown) {
      if (!(thrown instanceof Chain.RevertedError) && !isNone(thrown)) throw thrown
      return { type: 'failed', effect: id, reason: thrown.message, short: await shortOf(call) }
    }
    return { type: 'submitted', effect: id }
  }
}

/** Whether evidence was not to be had from what there is, and will not be. */
function isNone(thrown: unknown): thrown is Error {
  return thrown instanceof Error && noEvidence.includes(thrown.name)
}

/** By name: what a worker threw has lost its class. */
const noEvidence: readonly string[] = [
  'Evidence.NoneError',
  'Evidence.BytesError',
  'Ciphertext.StructureError',
  'Codec.MalformedError',
]

/** Made here, so that nobody asks the market for what proves nothing. */
function evidenceOf(
  domain: Topic.Place,
  task: Hex,
  call: Extract<Effect.Call, { name: 'prove' | 'proveForged' }>,
): Evidence.Evidence {
  const place = { domain, task }
  if (call.name === 'proveForged') return Evidence.forgedInput(call, place, call.datas)
  const { seat, round, statements, computes, terms } = call
  const key = seat === undefined ? terms.opener : computes[seat]?.device
  if (key === undefined) throw new Evidence.NoneError(`there is no compute provider on seat ${seat}`)
  return Evidence.contradiction(place, { seat, key }, round, statements)
}
