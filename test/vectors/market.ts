// The bytes that Solidity and TypeScript must agree on, made by TypeScript alone; contracts/test/Vectors.t.sol checks
// them. After a change of the protocol: node test/vectors/market.ts --write
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { encodeAbiParameters, keccak256, numberToHex, toBytes } from 'viem'
import * as Acceptance from '../../protocol/acceptance.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Market from '../../protocol/market.ts'
import * as Offer from '../../protocol/offer.ts'
import * as Once from '../../protocol/once.ts'
import * as Party from '../../protocol/party.ts'
import * as Payout from '../../protocol/payout.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Record from '../../protocol/record.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Token from '../../protocol/token.ts'

const market: Address = '0x00000000000000000000000000000000006a1a01'
const token: Address = '0x00000000000000000000000000000000006a1a02'
const domain: Eip712.Domain = { chainId: 31337, market }
/** Unix seconds at which the flow begins. */
const begins = 1_800_000_000

const hash = (text: string): Hex => keccak256(toBytes(text))
const keyOf = (name: string): Uint8Array => toBytes(hash(`key of ${name}`))
const accountOf = (name: string): Address => Eip712.addressOf(keyOf(name))

const terms: Terms.Terms = {
  modelProvider: accountOf('model provider'),
  opener: accountOf('opener'),
  token,
  plan: 'equal',
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
  invited: Terms.noHash,
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
    benchmark: 4_321,
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
    onceUpdate: Once.digest(domain, task, 'update', 255, hash('statement')),
  }
}

function recordOf(round: number): Record.Record {
  const body = {
    round,
    closes: begins + 3_600 * round,
    opened: hash(`opened ${round}`),
    cohortsDigest: hash(`cohorts ${round}`),
    aggregator: round % 2,
    delivered: Record.bitmapOf(round % 2 === 0 ? [0, 1, 2, 3, 4, 5] : [0, 1, 2, 4, 5]),
    survivors: Record.bitmapOf(round % 2 === 0 ? [0, 1, 2] : [0, 1, 2]),
    cohorts: [Record.bitmapOf([0, 1, 2]), Record.bitmapOf([3, 4, 5])],
    sums: sumsOf(round),
  }
  const opening = Once.digest(domain, task, 'opening', round, Once.opening(body.opened, body.closes))
  return { ...body, openerSignature: Eip712.sign(opening, keyOf('opener')) }
}

function cohortsOf(round: number) {
  return [0, 1].map((cohort) => ({
    inputs: datas.slice(3 * cohort, 3 * cohort + 3).map(({ account, name }) => {
      const ciphertextRoot = hash(`${name}'s update ${round}`)
      const digest = Once.digest(domain, task, 'update', round, ciphertextRoot)
      return { account, ciphertextRoot, signature: Eip712.sign(digest, keyOf(`${name}'s phone`)) }
    }),
    sumRoot: hash(`sum ${round} ${cohort}`),
  }))
}

function sumsOf(round: number): Hex {
  const q = 1152921504606830593n
  return Record.sums({ q, t: 1n << 44n, n: 4_096, ciphertexts: 8, cohorts: cohortsOf(round) })
}

const inputsParameter = {
  type: 'tuple[]',
  components: [
    { name: 'account', type: 'address' },
    { name: 'ciphertextRoot', type: 'bytes32' },
    { name: 'signature', type: 'bytes' },
  ],
} as const

function record() {
  const signed = recordOf(1)
  return {
    encoded: encodeAbiParameters([{ type: 'tuple', components: Record.components }], [signed]),
    hash: Record.hash(signed),
    sums: signed.sums,
    cohorts: cohortsOf(1).map(({ inputs, sumRoot }) => ({
      inputs: encodeAbiParameters([inputsParameter], [inputs]),
      sumRoot,
    })),
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
      computes.map(({ party, name }) => ({
        party,
        signature: Eip712.sign(Acceptance.computeDigest(domain, task, party), keyOf(name)),
      })),
      datas.map(({ party, name }) => ({
        party,
        signature: Eip712.sign(Acceptance.dataDigest(domain, task, committee, party), keyOf(name)),
      })),
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
  step(terms.modelProvider, settled, Market.settle(market, terms, computeParties, dataParties, rounds))
  // Nobody nominates the third compute seat, so it is absent and its deposit stays free.
  const absent = 4
  const payout = Payout.compute({
    terms,
    computes: computeParties,
    datas: dataParties,
    absent,
    rounds,
    vanished: false,
  })
  const claims = payout.leaves.map(({ index }) => Payout.claim(token, payout.leaves, index))
  step(stranger, settled + terms.challengeWindow + 1, Market.claim(market, task, token, claims))
  return {
    steps,
    absent,
    log: rounds.reduce(Record.log, Terms.noHash),
    root: payout.root,
    payees: payout.leaves.map(({ payee }) => payee),
    amounts: payout.leaves.map(({ amount }) => amount.toString()),
  }
}

const tallyParameter = {
  type: 'tuple[]',
  components: [
    { name: 'round', type: 'uint8' },
    { name: 'aggregator', type: 'uint8' },
    { name: 'signers', type: 'uint16' },
    { name: 'delivered', type: 'uint256' },
    { name: 'survivors', type: 'uint256' },
    { name: 'cohortsHash', type: 'bytes32' },
    { name: 'evidence', type: 'bytes32' },
  ],
} as const

/** A task of any size, drawn from a seed, as settlement sees it. */
function settlement(seed: number) {
  const prng = Prng.from(seed, 1)
  const draw = (most: number) => Math.floor(Prng.unit(prng) * (most + 1))
  const bits = (width: number) => {
    let drawn = 0n
    for (let seat = 0; seat < width; seat++) drawn |= BigInt(draw(3) === 0 ? 0 : 1) << BigInt(seat)
    return drawn | 7n
  }
  const width = 3 + draw(seed % 8 === 7 ? 200 : 20)
  const seats = 1 + draw(15)
  const scale = 10n ** BigInt(draw(20))
  const drawnDatas: Party.DataParty[] = Array.from({ length: width }, (_, at) => ({
    account: numberToHex(1_000 + at, { size: 20 }),
    payee: numberToHex(1 + draw(2 ** 30), { size: 20 }),
    device: numberToHex(2_000 + at, { size: 20 }),
    box: hash(`box ${seed} ${at}`),
    floor: BigInt(draw(1_000)) * scale,
    samples: 1 + draw(20_000),
    quality: draw(10_000),
    compute: draw(seats - 1),
    dataSignature: hash(`data ${seed} ${at}`),
  }))
  const drawnComputes: Party.ComputeParty[] = Array.from({ length: seats }, (_, at) => ({
    account: numberToHex(3_000 + at, { size: 20 }),
    payee: numberToHex(1 + draw(2 ** 30), { size: 20 }),
    device: numberToHex(4_000 + at, { size: 20 }),
    box: hash(`box ${seed} ${at}`),
    price: BigInt(draw(5_000)),
  }))
  const absent = draw(2 ** seats - 1) & ~1
  const count = 1 + draw(30)
  const paidRounds = 1 + draw(40)
  const drawnTerms: Terms.Terms = {
    ...terms,
    dataPool: (1_000n * BigInt(width) + BigInt(draw(100_000))) * scale,
    bond: BigInt(draw(1_000_000)) * scale,
    computeBond: BigInt(draw(1_000_000)),
    words: 1 + draw(200_000),
    sampleCap: 1 + draw(15_000),
    unitsPerSignature: draw(100_000),
    maxRounds: 255,
    paidRounds,
  }
  const rounds: Record.Tally[] = Array.from({ length: count }, (_, at) => {
    const delivered = bits(width)
    const signers = (draw(2 ** seats - 1) | 1) & ~absent
    return Record.tally(
      {
        round: at + 1,
        closes: begins + at,
        opened: hash(`opened ${seed} ${at}`),
        cohortsDigest: hash(`cohorts ${seed} ${at}`),
        aggregator: 0,
        delivered,
        survivors: (delivered & bits(width)) | 7n,
        cohorts: [(1n << BigInt(width)) - 1n],
        sums: hash(`sums ${seed} ${at}`),
      },
      signers,
    )
  })
  const prices = drawnComputes.map(({ price }) => price)
  const funded = { ...drawnTerms, computePool: Payout.worstCompute(drawnTerms, prices, width) }
  const vanished = draw(1) === 1
  const input = { terms: funded, computes: drawnComputes, datas: drawnDatas, absent, rounds, vanished }
  const { root } = Payout.compute(input)
  return {
    terms: encodeAbiParameters([Terms.abiParameter], [Terms.toAbi(funded)]),
    computes: encodeAbiParameters(
      [{ type: 'tuple[]', components: Party.computeComponents }],
      [drawnComputes],
    ),
    datas: encodeAbiParameters([{ type: 'tuple[]', components: Party.dataComponents }], [drawnDatas]),
    rounds: encodeAbiParameters([tallyParameter], [rounds]),
    absent,
    vanished,
    task: Terms.id(market, funded),
    parties: Party.partiesHash(drawnComputes, drawnDatas),
    log: rounds.reduce(Record.log, Terms.noHash),
    root,
  }
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
    flow: flow(),
    settlements: [1, 2, 3, 4, 5, 6, 7].map(settlement),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write')) {
  const file = fileURLToPath(new URL('market.json', import.meta.url))
  writeFileSync(file, `${JSON.stringify(vectors(), undefined, 2)}\n`)
}
