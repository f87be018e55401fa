// One task as it goes: every step is a transaction by whoever may take it, and is checked against the market's events.
import { toBytes } from 'viem'
import * as Acceptance from '../../protocol/acceptance.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import type * as Evidence from '../../protocol/evidence.ts'
import * as History from '../../protocol/history.ts'
import * as Market from '../../protocol/market.ts'
import * as Party from '../../protocol/party.ts'
import * as Payout from '../../protocol/payout.ts'
import type * as Plan from '../../protocol/plan.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Cast from './cast.ts'
import * as Rounds from './rounds.ts'
import type { Call, Stage } from './stage.ts'

const { model, datas, computes, stranger } = Cast.players

/** What a play says of a round; the rest follows. */
export type Plot = Omit<Rounds.Plot, 'closes' | 'ciphertexts'>

export type Setting = {
  /** Compute seats that send no acceptance; their deposits are in the market all the same. */
  readonly absent?: readonly number[]
  /** Of one update. */
  readonly ciphertexts?: number
}

export type Play = {
  readonly terms: Terms.Terms
  readonly place: Evidence.Place
  /** What the market said so far. */
  readonly events: readonly Market.Event[]
  history(): History.History
  /** A round, with everything that is behind it; nobody sent it yet. */
  make(plot: Plot): Promise<Rounds.Round>
  commitCall(commitment: Market.Commitment): Call
  /** The stranger submits a round as `make` makes it. */
  commit(plot: Plot): Promise<Rounds.Round>
  settleCall(utilities: Plan.Utilities): Call
  settle(from: Cast.Person, utilities: Plan.Utilities): Promise<void>
  expireCall(): Call
  proveCall(evidence: Evidence.Evidence): Call
  prove(from: Cast.Person, evidence: Evidence.Evidence): Promise<void>
  /** The stranger claims every leaf as soon as it may. */
  claim(): Promise<void>
  send(from: Cast.Person, call: Call): Promise<void>
  /** What each gains or loses by the task as its events tell; by name, without those to whom nothing happens. */
  owed(): Readonly<Record<string, bigint>>
}

/** A started task. */
export async function begin(stage: Stage, setting: Setting = {}): Promise<Play> {
  const { market, token, domain } = stage
  const { absent = [], ciphertexts = 4 } = setting
  const terms = Cast.terms(token, (await stage.now()) + 86_400, 2_048 * ciphertexts)
  const task = Terms.id(market, terms)
  const place = { domain, task }
  const parties = Cast.parties
  const events: Market.Event[] = []
  const send = async (from: Cast.Person, call: Call) => {
    events.push(...(await stage.send(from, call)))
  }

  await send(model, Market.create(market, terms))
  for (const compute of computes) await send(compute, Market.deposit(market, token, Cast.computeBond))
  const committee = Party.committeeHash(parties.computes.map(({ account }) => account))
  const accept = (person: Cast.Person | undefined, digest: Hex): Hex =>
    Eip712.sign(digest, toBytes(person?.key ?? '0x'))
  const acceptances = {
    computes: parties.computes.map((party, seat) =>
      absent.includes(seat)
        ? undefined
        : accept(computes[seat], Acceptance.computeDigest(domain, task, party)),
    ),
    datas: parties.datas.map((party, seat) =>
      accept(datas[seat], Acceptance.dataDigest(domain, task, committee, party)),
    ),
    invitations: [],
  }
  await send(model, Market.start(market, terms, parties, acceptances))

  const history = () => History.of(events)
  const settleCall: Play['settleCall'] = (utilities) =>
    Market.settle(market, terms, parties, History.tallies(history()), utilities)
  const make: Play['make'] = async (plot) =>
    Rounds.make(place, { ...plot, ciphertexts, closes: (await stage.now()) + 3_600 })
  const commitCall: Play['commitCall'] = (commitment) =>
    Market.commitRound(market, terms, parties.computes, parties.datas, commitment)
  const proveCall: Play['proveCall'] = ({ charge, evidence }) =>
    Market.prove(market, terms, parties.computes, Party.datasHash(parties.datas), charge, evidence)
  return {
    terms,
    place,
    events,
    history,
    make,
    commitCall,
    commit: async (plot) => {
      const round = await make(plot)
      await send(stranger, commitCall(round.commitment))
      return round
    },
    settleCall,
    settle: (from, utilities) => send(from, settleCall(utilities)),
    expireCall: () => Market.expire(market, terms, parties.computes, parties.datas),
    proveCall,
    prove: (from, evidence) => send(from, proveCall(evidence)),
    claim: async () => {
      await stage.pass(terms.challengeWindow + 1)
      const { dues } = History.owed(history())
      const all = dues.map(({ index }) => index)
      await send(stranger, Market.claim(market, terms, Payout.claims(token, dues, all)))
    },
    send,
    owed: () => owed(history()),
  }
}

/** By its events alone, and less what each paid in. */
function owed(history: History.History): Readonly<Record<string, bigint>> {
  const names = new Map(Cast.everyone.map(({ account, name }) => [account, name]))
  const gains = new Map<string, bigint>()
  const add = (account: Address, amount: bigint) => {
    const name = names.get(account) ?? account
    gains.set(name, (gains.get(name) ?? 0n) + amount)
  }
  add(model.account, -Terms.funding(history.terms))
  for (const { account, receiver, amount, isAbsent, role } of History.owed(history).dues) {
    if (role === 'compute' && !isAbsent) add(account, -history.terms.computeBond)
    add(receiver, amount)
  }
  return Object.fromEntries([...gains].filter(([, amount]) => amount !== 0n))
}
