// Terms survive the wire, name what is wrong with them, and lie in Solidity's order.
import { expect, test } from 'vitest'
import * as Abi from './abi.ts'
import * as Codec from './codec.ts'
import * as Party from './party.ts'
import * as Record from './record.ts'
import * as Terms from './terms.ts'

const terms: Terms.Terms = {
  modelProvider: `0x${'a1'.repeat(20)}`,
  opener: `0x${'a2'.repeat(20)}`,
  token: `0x${'a3'.repeat(20)}`,
  plan: 'equal',
  referee: Terms.noAddress,
  dataPool: 10n ** 30n,
  computePool: 2n,
  bond: 3n,
  computeBond: 4n,
  disputeBond: 3n,
  specHash: `0x${'b1'.repeat(32)}`,
  schemaId: `0x${'b2'.repeat(32)}`,
  salt: `0x${'b3'.repeat(32)}`,
  words: 8_192,
  sampleCap: 5_000,
  unitsPerSignature: 1_000,
  roundsPerEpoch: 3,
  invited: Terms.noHash,
  idleWindow: 60,
  challengeWindow: 60,
  startBy: 1_800_000_000,
  minQuality: 5_000,
  minDatas: 3,
  maxDatas: 8,
  minComputes: 2,
  maxComputes: 2,
  threshold: 2,
  minCohort: 3,
  maxCohorts: 1,
  maxRounds: 10,
  paidRounds: 5,
  jobKilounits: 0xffff_ffff,
}

test.each(Terms.plans)('terms survive the wire and the chain with plan %s', (plan) => {
  const some = { ...terms, plan, invited: terms.salt }
  expect(Codec.decode(Terms.schema, Codec.encode(Terms.toWire(some)), 'terms')).toEqual(some)
  expect(Terms.fromAbi(Terms.toAbi(some))).toEqual(some)
})

test('a plan that no market knows is named', () => {
  const wire = { ...Terms.toWire(terms), plan: 'whim' }
  expect(() => Codec.parse(Terms.schema, wire, 'terms')).toThrow('plan: expected a reward plan: equal')
})

test.each<[Partial<Terms.Terms>, string]>([
  [{ dataPool: 1n << 128n }, 'dataPool: expected an amount below 2^128'],
  [{ referee: terms.opener }, 'referee: expected no referee'],
  [{ minCohort: 2 }, 'minCohort: expected 3 or more'],
  [{ maxComputes: 17 }, 'maxComputes: expected at most 16'],
  [{ threshold: 1 }, 'expected a threshold above half of maxComputes'],
  [{ minComputes: 1 }, 'expected a threshold up to minComputes'],
  [{ paidRounds: 11 }, 'expected paidRounds up to maxRounds'],
  [{ jobKilounits: 2 ** 32 }, 'jobKilounits: expected at most 4294967295'],
  [{ jobKilounits: -1 }, 'jobKilounits: expected 0 or more'],
  [{ disputeBond: 4n }, 'expected a bond of at least the dispute bond'],
  [{ minDatas: 9 }, 'expected minDatas up to maxDatas'],
  [{ minCohort: 4 }, 'expected minCohort up to minDatas'],
  [{ maxDatas: 254 }, 'expected at most 255 providers in all'],
  [{ roundsPerEpoch: 2 }, 'roundsPerEpoch: expected 3 or more'],
])('terms that the market would refuse are named: %o', (change, complaint) => {
  const wire = Terms.toWire({ ...terms, ...change })
  expect(() => Codec.parse(Terms.schema, wire, 'terms')).toThrow(complaint)
})

test('what the chain returns is in the spelling in which accounts are compared', () => {
  const shouted = { ...Terms.toAbi(terms), opener: `0x${'A2'.repeat(20)}` } as const
  expect(Terms.fromAbi(shouted)).toEqual(terms)
  expect(() => Terms.fromAbi({ ...shouted, plan: 9 })).toThrow(Terms.PlanError)
})

type Parameter = { readonly name?: string; readonly type: string; readonly components?: readonly Parameter[] }

test('structs have the fields of Solidity, in its order', () => {
  const inputsOf = (functionName: string): readonly Parameter[] => {
    const found = Abi.market.find((item) => item.type === 'function' && item.name === functionName)
    return found !== undefined && 'inputs' in found ? found.inputs : []
  }
  const within = (parameters: readonly Parameter[], ...names: readonly string[]) =>
    names.reduce<readonly Parameter[]>(
      (among, name) => among.find((parameter) => parameter.name === name)?.components ?? [],
      parameters,
    )
  expect(Terms.abiParameter.components).toEqual(within(inputsOf('create'), 'terms'))
  expect(Party.computeComponents).toEqual(within(inputsOf('start'), 'parties', 'computes'))
  expect(Party.dataComponents).toEqual(within(inputsOf('start'), 'parties', 'datas'))
  expect(Record.components).toEqual(within(inputsOf('commitRound'), 'commitment', 'record'))
  expect(Record.tallyComponents).toEqual(within(inputsOf('settle'), 'rounds'))
})
