// Who takes part in the task that the vectors are about, on what terms, and with which keys.
import { keccak256, toBytes } from 'viem'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Invitation from '../../protocol/invitation.ts'
import * as Party from '../../protocol/party.ts'
import * as Terms from '../../protocol/terms.ts'

export const market: Address = '0x00000000000000000000000000000000006a1a01'
export const token: Address = '0x00000000000000000000000000000000006a1a02'
export const domain: Eip712.Domain = { chainId: 31337, market }
/** Unix seconds at which the flow begins. */
export const begins = 1_800_000_000

export const hash = (text: string): Hex => keccak256(toBytes(text))
export const keyOf = (name: string): Uint8Array => toBytes(hash(`key of ${name}`))
export const accountOf = (name: string): Address => Eip712.addressOf(keyOf(name))

/** Those who take part, and some who were invited for nothing. */
export function invited(): readonly Address[] {
  return ['ida', 'jon', 'kim', 'lea', 'max', 'noa', 'ora', 'pia', 'qin'].map(accountOf)
}

export const terms: Terms.Terms = {
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

export const computes = inOrder(
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
export const datas = inOrder(
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
export const task = Terms.id(market, terms)
export const computeParties = computes.map(({ party }) => party)
export const dataParties = datas.map(({ party }) => party)
export const committee = Party.committeeHash(computeParties.map(({ account }) => account))
