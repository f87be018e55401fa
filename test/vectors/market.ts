// The bytes that Solidity and TypeScript must agree on, made by TypeScript alone; contracts/test/Vectors.t.sol checks
// them. After a change of the protocol: node test/vectors/market.ts --write
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { encodeAbiParameters, keccak256, toBytes } from 'viem'
import * as Acceptance from '../../protocol/acceptance.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Invitation from '../../protocol/invitation.ts'
import * as Market from '../../protocol/market.ts'
import * as Offer from '../../protocol/offer.ts'
import * as Once from '../../protocol/once.ts'
import * as Party from '../../protocol/party.ts'
import * as Payout from '../../protocol/payout.ts'
import * as Record from '../../protocol/record.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Token from '../../protocol/token.ts'
import * as Withdrawal from '../../protocol/withdrawal.ts'
import * as Settlements from './settlements.ts'

const market: Address = '0x00000000000000000000000000000000006a1a01'
const token: Address = '0x00000000000000000000000000000000006a1a02'
const domain: Eip712.Domain = { chainId: 31337, market }
/** Unix seconds at which the flow begins. */
const begins = 1_800_000_000

const hash = (text: string): Hex => keccak256(toBytes(text))
const keyOf = (name: string): Uint8Array => toBytes(hash(`key of ${name}`))
const accountOf = (name: string): Address => Eip712.addressOf(keyOf(name))

/** Those who take part, and some who were invited for nothing. */
function invited(): readonly Address[] {
  return ['ida', 'jon', 'kim', 'lea', 'max', 'noa', 'ora', 'pia', 'qin'].map(accountOf)
}

const terms: Terms.Terms = {
  modelProvider: accountOf('model provider'),
  opener: accountOf('opener'),
  token,
  plan: 'rank',
  referee: Terms.noAddress,
  dataPool: 1_000_000_007n,
  computePool: 300_000_011n,
  bond: 70_000_001n,
  computeBond: 5_000_003n,
  disputeBond: 1_000n,
  specHash: hash('spec'),
  schemaId: hash('schema'),
  salt: hash('salt'),
  words: 16_384,
  sampleCap: 6_000,
  unitsPerSignature: 2_000,
  roundsPerEpoch: 3,
  invited: Invitation.root(invited()),
  idleWindow: 7_200,
  challengeWindow: 3_600,
  startBy: begins + 86_400,
  minQuality: 4_000,
  minDatas: 3,
  maxDatas: 8,
  minComputes: 2,
  maxComputes: 3,
  threshold: 2,
  minCohort: 3,
  maxCohorts: 2,
  maxRounds: 20,
  paidRounds: 7,
  jobKilounits: 40,
}

type Keyed<party> = { readonly party: party; readonly name: string }

function inOrder<party extends { readonly account: Address }>(named: readonly Keyed<party>[]) {
  return Party.seated(named.map(({ party, name }) => ({ ...party, party, name })))
}

const computes = inOrder(
  ['ada', 'bea', 'cyd'].map((name, at) => ({
    name,
    party: {
      account: accountOf(name),
      payee: accountOf(`${name}'s purse`),
      device: accountOf(`${name}'s desktop`),
      box: hash(`${name}'s box`),
      price: 1_003n + 17n * BigInt(at),
    } satisfies Party.ComputeParty,
  })),
)
const datas = inOrder(
  ['ida', 'jon', 'kim', 'lea', 'max', 'noa'].map((name, at) => ({
    name,
    party: {
      account: accountOf(name),
      payee: accountOf(`${name}'s purse`),
      device: accountOf(`${name}'s phone`),
      box: hash(`${name}'s box`),
      floor: 1_000_003n * BigInt(at + 1),
      samples: 1_500 * (at + 1) + 7,
      quality: 4_000 + 999 * at,
      compute: at % 2,
      dataSignature: hash(`${name}'s manifest`),
    } satisfies Party.DataParty,
  })),
)
const task = Terms.id(market, terms)
const computeParties = computes.map(({ party }) => party)
const dataParties = datas.map(({ party }) => party)
const committee = Party.committeeHash(computeParties.map(({ account }) => account))

function digests() {
  const [data] = dataParties
  const [compute] = computeParties
  if (data === undefined || compute === undefined) throw new Error('the flow has no parties')
  const dataOffer: Offer.DataOffer = {
    account: data.account,
    schemaId: hash('schema'),
    quality: 9_999,
    samples: 12_345,
    dataSignature: hash('manifest'),
    token,
    floor: 77n,
    device: data.device,
    box: data.box,
    expires: begins,
  }
  const computeOffer: Offer.ComputeOffer = {
    account: compute.account,
    adapter: 'Example GPU, 4 GiB',
    training: 4_321,
    matmul: 8_765,
    additions: 210_987,
    hours: 0xfc00ff,
    token,
    price: 1_009n,
    device: compute.device,
    box: compute.box,
    expires: begins,
  }
  return {
    dataAcceptance: Acceptance.dataDigest(domain, task, committee, data),
    computeAcceptance: Acceptance.computeDigest(domain, task, compute),
    dataOffer: Offer.dataDigest(domain, dataOffer),
    computeOffer: Offer.computeDigest(domain, computeOffer),
    onceOpening: Once.digest(domain, task, 'opening', 1, hash('statement')),
    onceRecord: Once.digest(domain, task, 'record', 2, hash('statement')),
    onceUpdate: Once.digest(
      domain,
      task,
      'update',
      255,
      Once.update(hash('opened'), hash('cohorts'), hash('root')),
    ),
    withdrawal: Withdrawal.digest(domain, {
      token,
      account: compute.account,
      amount: 55n,
      nonce: 3n,
      deadline: begins,
    }),
  }
}

function recordOf(round: number): Record.Record {
  const body = {
    round,
    closes: begins + 3_600 * round,
    ...viewOf(round),
    aggregator: round % 2,
    delivered: Record.bitmapOf(round % 2 === 0 ? [0, 1, 2, 3, 4, 5] : [0, 1, 2, 4, 5]),
    survivors: Record.bitmapOf(round === 4 ? [0, 1, 2, 3, 4, 5] : [0, 1, 2]),
    cohorts: [Record.bitmapOf([0, 1, 2]), Record.bitmapOf([3, 4, 5])],
    // The third seat is absent, a fourth there is none: 17 kilounits a round, until the terms pay no more.
    jobs: 0x0008_0007_0006_000bn,
    sums: sumsOf(round),
  }
  const opening = Once.digest(domain, task, 'opening', round, Once.opening(body.opened, body.closes))
  return { ...body, openerSignature: Eip712.sign(opening, keyOf('opener')) }
}

function viewOf(round: number) {
  return { opened: hash(`opened ${round}`), cohortsDigest: hash(`cohorts ${round}`) }
}

function cohortsOf(round: number) {
  return [0, 1].map((cohort) => ({
    inputs: datas.slice(3 * cohort, 3 * cohort + 3).map(({ name }): Record.Input => {
      const root = hash(`${name}'s update ${round}`)
      const { opened, cohortsDigest } = viewOf(round)
      const digest = Once.digest(domain, task, 'update', round, Once.update(opened, cohortsDigest, root))
      return { root, signature: Eip712.sign(digest, keyOf(`${name}'s phone`)) }
    }),
    sumRoot: hash(`sum ${round} ${cohort}`),
  }))
}

function sumsOf(round: number): Hex {
  const q = 1152921504606830593n
  return Record.sums({ q, t: 1n << 44n, n: 4_096, ciphertexts: 8, cohorts: cohortsOf(round) })
}

function record() {
  const signed = recordOf(1)
  const tally = Record.tally(signed, 3)
  return {
    encoded: encodeAbiParameters([{ type: 'tuple', components: Record.components }], [signed]),
    tally: encodeAbiParameters([{ type: 'tuple', components: Record.tallyComponents }], [tally]),
    hash: Record.hash(signed),
    log: Record.log(hash('before'), tally),
    sums: signed.sums,
    cohorts: cohortsOf(1).map(({ inputs, sumRoot }) => ({
      inputs: encodeAbiParameters([{ type: 'tuple[]', components: Record.inputComponents }], [inputs]),
      sumRoot,
      hash: Record.cohortHash(inputs, sumRoot),
    })),
  }
}

function invitations() {
  const accounts = invited()
  return {
    root: Invitation.root(accounts),
    accounts,
    proofs: accounts.map((account) =>
      encodeAbiParameters([{ type: 'bytes32[]' }], [Invitation.proof(accounts, account)]),
    ),
    single: Invitation.root(accounts.slice(0, 1)),
  }
}

/** A whole task: every transaction as bytes with its sender and time, and what must come of it. */
function flow() {
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
    const record = recordOf(round)
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

/** One of each kind that has a way of its own through the arithmetic. */
const named: { readonly [name: string]: Partial<Settlements.Kind> } = {
  'equal weights': {},
  'equal weights, punished': { punished: true },
  'proportional, of any sign': { plan: 'proportional' },
  'proportional, none above zero': { plan: 'proportional', scores: 'negative' },
  'proportional, all zero': { plan: 'proportional', scores: 'zero' },
  'proportional, punished': { plan: 'proportional', punished: true },
  'rank, of any sign': { plan: 'rank' },
  'rank, with ties': { plan: 'rank', scores: 'tied' },
  'rank, all tied': { plan: 'rank', scores: 'zero' },
  'rank, large': { plan: 'rank', isLarge: true },
}

function settlements() {
  const plain: Settlements.Kind = { plan: 'equal', scores: 'mixed', punished: false, isLarge: false }
  return Object.entries(named).map(([name, kind], at) => ({
    name,
    ...Settlements.draw(at + 1, market, { ...plain, ...kind }),
  }))
}

export function vectors() {
  return {
    chainId: domain.chainId,
    market,
    token,
    terms: encodeAbiParameters([Terms.abiParameter], [Terms.toAbi(terms)]),
    computes: encodeAbiParameters(
      [{ type: 'tuple[]', components: Party.computeComponents }],
      [computeParties],
    ),
    datas: encodeAbiParameters([{ type: 'tuple[]', components: Party.dataComponents }], [dataParties]),
    task,
    committee,
    parties: Party.partiesHash(computeParties, dataParties),
    digests: digests(),
    record: record(),
    invitations: invitations(),
    flow: flow(),
    settlements: settlements(),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write')) {
  const file = fileURLToPath(new URL('market.json', import.meta.url))
  writeFileSync(file, `${JSON.stringify(vectors(), undefined, 2)}\n`)
}
