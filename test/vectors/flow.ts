// A whole task as transactions, and what must come of it.
import { encodeAbiParameters } from 'viem'
import * as Acceptance from '../../protocol/acceptance.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Invitation from '../../protocol/invitation.ts'
import * as Market from '../../protocol/market.ts'
import * as Once from '../../protocol/once.ts'
import * as Party from '../../protocol/party.ts'
import * as Payout from '../../protocol/payout.ts'
import * as Record from '../../protocol/record.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Token from '../../protocol/token.ts'
import * as Withdrawal from '../../protocol/withdrawal.ts'
import {
  accountOf,
  begins,
  committee,
  computeParties,
  computes,
  dataParties,
  datas,
  domain,
  hash,
  invited,
  keyOf,
  market,
  task,
  terms,
  token,
} from './cast.ts'
import * as Records from './records.ts'

/** A whole task: every transaction as bytes with its sender and time, and what must come of it. */
export function flow() {
  const steps: { sender: Address; time: number; to: Address; data: Hex }[] = []
  const step = (sender: Address, time: number, { to, data }: { to: Address; data: Hex }) =>
    steps.push({ sender, time, to, data })
  const stranger = accountOf('stranger')

  step(stranger, begins, Token.mint(token, terms.modelProvider, Terms.funding(terms)))
  step(terms.modelProvider, begins, Token.approve(token, market, Terms.funding(terms)))
  step(terms.modelProvider, begins, Market.create(market, terms))
  for (const { account, name } of computes) {
    const amount = terms.computeBond
    const deadline = begins + 60
    const permit = {
      chainId: domain.chainId,
      token,
      tokenName: 'Galaxy test token',
      owner: account,
      spender: market,
      amount,
      nonce: 0n,
      deadline,
    }
    const signature = Eip712.sign(Token.permitDigest(permit), keyOf(name))
    step(stranger, begins, Token.mint(token, account, amount))
    step(stranger, begins + 1, Market.depositFor(market, { token, account, amount, deadline, signature }))
  }
  step(
    terms.modelProvider,
    begins + 2,
    Market.start(
      market,
      terms,
      { computes: computeParties, datas: dataParties },
      {
        computes: computes.map(({ party, name }) =>
          Eip712.sign(Acceptance.computeDigest(domain, task, party), keyOf(name)),
        ),
        datas: datas.map(({ party, name }) =>
          Eip712.sign(Acceptance.dataDigest(domain, task, committee, party), keyOf(name)),
        ),
        invitations: dataParties.map(({ account }) => Invitation.proof(invited(), account)),
      },
    ),
  )
  const rounds: Record.Tally[] = []
  for (const round of [1, 2, 4]) {
    const record = Records.recordOf(round)
    const digest = Once.digest(domain, task, 'record', round, Record.hash(record))
    const signatures = computes.slice(0, 2).map(({ name }, seat) => ({
      seat,
      signature: Eip712.sign(digest, keyOf(`${name}'s desktop`)),
    }))
    const commitment = { record, signatures }
    step(
      stranger,
      begins + 1_800 * round,
      Market.commitRound(market, terms, computeParties, dataParties, commitment),
    )
    rounds.push(Record.tally(record, 3))
  }
  const settled = begins + 9_000
  // Rounds 1 and 2 opened the first cohort alone, round 4 (the next epoch) both: one gets no utility, one a negative.
  const utilities = [
    [-3, 0],
    [17, -(2 ** 31)],
  ]
  const parties = { computes: computeParties, datas: dataParties }
  step(terms.modelProvider, settled, Market.settle(market, terms, parties, rounds, utilities))
  step(stranger, settled + 1, proof())
  // Nobody nominates the third compute seat, so it is absent and its deposit stays free: a stranger carries it out.
  const absent = 4
  const idle = computes[2]
  if (idle === undefined) throw new Error('the flow has no third compute seat')
  const withdrawal = { token, account: idle.account, amount: terms.computeBond - 1n, deadline: settled + 60 }
  const signature = Eip712.sign(Withdrawal.digest(domain, { ...withdrawal, nonce: 0n }), keyOf(idle.name))
  step(stranger, settled + 60, Market.withdrawFor(market, withdrawal, signature))
  const payout = Payout.compute({ ...parties, terms, absent, rounds, utilities, punished: false })
  const claims = Payout.claims(
    token,
    payout.leaves,
    payout.leaves.map(({ index }) => index),
  )
  step(stranger, settled + terms.challengeWindow + 1, Market.claim(market, terms, claims))
  const slashed = 2
  const isSlashed = (index: number) =>
    ((slashed >> (index - datas.length)) & 1) === 1 && index >= datas.length
  const received = new Map<Address, bigint>()
  for (const { index, payee, amount } of payout.leaves) {
    const to = isSlashed(index) ? terms.modelProvider : payee
    received.set(to, (received.get(to) ?? 0n) + amount)
  }
  return {
    steps,
    absent,
    log: rounds.reduce(Record.log, Terms.noHash),
    root: payout.root,
    slashed,
    withdrawn: { account: idle.account, amount: withdrawal.amount.toString() },
    payees: [...received.keys()],
    amounts: [...received.values()].map((amount) => amount.toString()),
  }
}

/** Two records of round 5, which was never committed, by the second compute seat. */
function proof(): Market.Call {
  const statements = ['one thing', 'another'].map((text) => {
    const digest = Once.digest(domain, task, 'record', 5, hash(text))
    return {
      digest: hash(text),
      signature: Eip712.sign(digest, keyOf(`${computes[1]?.name ?? ''}'s desktop`)),
    }
  })
  const [first, second] = statements
  if (first === undefined || second === undefined) throw new Error('there are two statements')
  const twice = {
    round: 5,
    seat: 1,
    first: first.digest,
    firstSignature: first.signature,
    second: second.digest,
    secondSignature: second.signature,
  }
  const evidence = encodeAbiParameters([{ type: 'tuple', components: twiceComponents }], [twice])
  return Market.prove(market, terms, computeParties, Party.datasHash(dataParties), 'twoRecords', evidence)
}

const twiceComponents = [
  { name: 'round', type: 'uint8' },
  { name: 'seat', type: 'uint8' },
  { name: 'first', type: 'bytes32' },
  { name: 'firstSignature', type: 'bytes' },
  { name: 'second', type: 'bytes32' },
  { name: 'secondSignature', type: 'bytes' },
] as const
