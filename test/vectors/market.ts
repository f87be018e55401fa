// The bytes that Solidity and TypeScript must agree on, made by TypeScript alone; contracts/test/Vectors.t.sol checks
// them. After a change of the protocol: node test/vectors/market.ts --write
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { encodeAbiParameters } from 'viem'
import * as Acceptance from '../../protocol/acceptance.ts'
import * as Invitation from '../../protocol/invitation.ts'
import * as Offer from '../../protocol/offer.ts'
import * as Once from '../../protocol/once.ts'
import * as Party from '../../protocol/party.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Withdrawal from '../../protocol/withdrawal.ts'
import {
  begins,
  committee,
  computeParties,
  dataParties,
  domain,
  hash,
  invited,
  market,
  task,
  terms,
  token,
} from './cast.ts'
import * as Flow from './flow.ts'
import * as Records from './records.ts'
import * as Settlements from './settlements.ts'

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
    record: Records.record(),
    invitations: invitations(),
    flow: Flow.flow(),
    settlements: settlements(),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write')) {
  const file = fileURLToPath(new URL('market.json', import.meta.url))
  writeFileSync(file, `${JSON.stringify(vectors(), undefined, 2)}\n`)
}
