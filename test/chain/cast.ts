// Who plays: a model provider, seven data providers, four compute providers and a stranger, each with keys of its own.
import { keccak256, toBytes } from 'viem'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Party from '../../protocol/party.ts'
import * as Terms from '../../protocol/terms.ts'

export type Person = {
  readonly name: string
  readonly account: Address
  /** Of the account. */
  readonly key: Hex
  readonly device: Address
  /** Of the device; the model provider's opens rounds. */
  readonly deviceKey: Uint8Array
}

export type Cast = {
  readonly model: Person
  /** By seat, as are compute providers. */
  readonly datas: readonly Person[]
  readonly computes: readonly Person[]
  /** Has no part in the task; calls what anyone may call. */
  readonly stranger: Person
}

export const players: Cast = {
  model: person('model provider'),
  datas: seated(7, 'data provider'),
  computes: seated(4, 'compute provider'),
  stranger: person('stranger'),
}

export const everyone: readonly Person[] = [
  players.model,
  ...players.datas,
  ...players.computes,
  players.stranger,
]

/** What everyone brings, in token base units. */
export const purse = 2_000_000n
export const computeBond = 50_000n

export function terms(token: Address, startBy: number, words: number): Terms.Terms {
  return {
    modelProvider: players.model.account,
    opener: players.model.device,
    token,
    plan: 'proportional',
    referee: Terms.noAddress,
    dataPool: 1_000_000n,
    computePool: 400_000n,
    bond: 90_000n,
    computeBond,
    disputeBond: 0n,
    specHash: hash('spec'),
    schemaId: hash('schema'),
    salt: hash('salt'),
    words,
    sampleCap: 6_000,
    unitsPerSignature: 20_000,
    roundsPerEpoch: 3,
    invited: Terms.noHash,
    idleWindow: 7_200,
    challengeWindow: 3_600,
    startBy,
    minQuality: 4_000,
    minDatas: 3,
    maxDatas: 8,
    minComputes: 3,
    maxComputes: 4,
    threshold: 3,
    minCohort: 3,
    maxCohorts: 2,
    maxRounds: 10,
    paidRounds: 4,
    jobKilounits: 20,
  }
}

/** Everyone as it accepts: data providers nominate the compute providers in turn. */
export const parties: Party.Parties = {
  computes: players.computes.map(({ account, device, name }, seat) => ({
    account,
    payee: account,
    device,
    box: hash(`${name}'s box`),
    price: 20_000n + 1_000n * BigInt(seat),
  })),
  datas: players.datas.map(({ account, device, name }, seat) => ({
    account,
    payee: account,
    device,
    box: hash(`${name}'s box`),
    floor: 20_000n + 1_003n * BigInt(seat),
    samples: 1_500 + 1_007 * seat,
    quality: 6_000,
    compute: seat % 4,
    dataSignature: hash(`${name}'s manifest`),
  })),
}

export function hash(text: string): Hex {
  return keccak256(toBytes(text))
}

function person(name: string): Person {
  const key = hash(`key of ${name}`)
  const deviceKey = toBytes(hash(`device of ${name}`))
  return {
    name,
    key,
    deviceKey,
    account: Eip712.addressOf(toBytes(key)),
    device: Eip712.addressOf(deviceKey),
  }
}

/** Named by the seats that their accounts give them. */
function seated(count: number, name: string): readonly Person[] {
  const people = Array.from({ length: count }, (_, at) => person(`${name} of lot ${at}`))
  return Party.seated(people).map((each, seat) => ({ ...each, name: `${name} ${seat}` }))
}
