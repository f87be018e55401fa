import * as fc from 'fast-check'
import { concat, decodeAbiParameters, encodeAbiParameters, keccak256, toBytes } from 'viem'
import { expect, test } from 'vitest'
import * as Ciphertext from './ciphertext.ts'
import type { Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'
import * as Evidence from './evidence.ts'
import * as He from './he.ts'
import * as Once from './once.ts'
import type * as Party from './party.ts'
import * as Record from './record.ts'
import * as Terms from './terms.ts'

const hash = (text: string): Hex => keccak256(toBytes(text))
const keyOf = (name: string) => toBytes(hash(name))
const addressOf = (name: string) => Eip712.addressOf(keyOf(name))
const place: Evidence.Place = {
  domain: { chainId: 31337, market: '0x00000000000000000000000000000000006a1a01' },
  task: hash('task'),
}

const datas: readonly Party.DataParty[] = Array.from({ length: 8 }, (_, seat) => ({
  account: addressOf(`account ${seat}`),
  payee: addressOf(`payee ${seat}`),
  device: addressOf(`phone ${seat}`),
  box: hash(`box ${seat}`),
  floor: BigInt(seat),
  samples: 100 + seat,
  quality: 5_000,
  compute: 0,
  dataSignature: hash(`manifest ${seat}`),
}))
const computes: readonly Party.ComputeParty[] = Array.from({ length: 3 }, (_, seat) => ({
  account: addressOf(`owner ${seat}`),
  payee: addressOf(`purse ${seat}`),
  device: addressOf(`desktop ${seat}`),
  box: hash(`box of desktop ${seat}`),
  price: 1n,
}))

/** Seat 3 is in the second cohort and does not survive; the third cohort is not opened. */
const cohorts = [
  [0, 1, 2],
  [4, 5, 6],
]
const updates = cohorts.map((cohort) => cohort.map((seat) => [words(seat), words(seat + 50)]))
const bytes = updates.map((each) => ({ updates: each, sum: Ciphertext.sum(each) }))
const right = bytes.map(({ sum }) => Ciphertext.root(sum))
const roots = updates.map((cohort) => cohort.map(Ciphertext.root))

function sumsOf(round: number, sumRoots: readonly Hex[], signer = (seat: number) => seat): Record.Sums {
  const shown = cohorts.map((cohort, at) => ({
    inputs: cohort.map((seat, input) => {
      const root = roots[at]?.[input] ?? Terms.noHash
      const statement = Once.update(hash(`opened ${round}`), hash('cohorts'), root)
      const signature = sign(`phone ${signer(seat)}`, 'update', round, statement)
      return { root, signature }
    }),
    sumRoot: sumRoots[at] ?? Terms.noHash,
  }))
  const empty = { inputs: [], sumRoot: Terms.noHash }
  return { q: He.q, t: BigInt(He.t), n: He.degree, ciphertexts: 2, cohorts: [...shown, empty] }
}

function sign(name: string, kind: Once.Kind, round: number, statement: Hex): Hex {
  return Eip712.sign(Once.digest(place.domain, place.task, kind, round, statement), keyOf(name))
}

function recordOf(round: number, sums: Record.Sums): Record.Body {
  return {
    round,
    closes: 1_000 + round,
    opened: hash(`opened ${round}`),
    cohortsDigest: hash('cohorts'),
    aggregator: 0,
    delivered: Record.bitmapOf([0, 1, 2, 3, 4, 5, 6, 7]),
    survivors: Record.bitmapOf([0, 1, 2, 4, 5, 6]),
    cohorts: [Record.bitmapOf([0, 1, 2]), Record.bitmapOf([3, 4, 5, 6]), Record.bitmapOf([7])],
    jobs: 5n << 16n,
    sums: Record.sums(sums),
  }
}

/** Rounds 1, 3, 5, … of which the one at `place` has these sums. */
function logWith(at: number, length: number, sums: Record.Sums) {
  return Array.from({ length }, (_, i) => {
    const round = 2 * i + 1
    return {
      record: recordOf(round, i === at ? sums : sumsOf(round, right)),
      signers: 0b011 + (i % 2) * 4,
      block: round,
    }
  })
}

function logHash(log: Evidence.Round['log']): Hex {
  return log.reduce(
    (before, each) => Record.log(before, Record.tally(each.record, each.signers)),
    Terms.noHash,
  )
}

test('exports', () => {
  expect(Object.keys(Evidence).sort()).toMatchInlineSnapshot(`
    [
      "BytesError",
      "NoneError",
      "contradiction",
      "forgedInput",
      "parameters",
      "twoOpenings",
      "twoRecords",
      "wrongSum",
      "wrongWord",
    ]
  `)
})

test('a wrong word is shown wherever it is, in whichever round', () => {
  const cases = fc.record({
    at: fc.nat(2),
    after: fc.nat(2),
    cohort: fc.nat(1),
    lane: fc.nat(2 * 8_192 - 1),
  })
  const property = fc.property(cases, ({ at, after, cohort, lane }) => {
    const honest = bytes[cohort]
    if (honest === undefined) throw new Error('there are two cohorts')
    const sum = honest.sum.map((each, index) =>
      index === Math.floor(lane / 8_192) ? bumped(each, lane % 8_192) : each,
    )
    const round = 2 * at + 1
    const sums = sumsOf(round, right.with(cohort, Ciphertext.root(sum)))
    const log = logWith(at, at + 1 + after, sums)
    const held = { ...honest, sum }
    const { charge, evidence } = Evidence.wrongSum({ log, round, sums }, cohort, held)

    expect(charge).toBe('wrongSum')
    const [logged, summed, word] = decodeAbiParameters(Evidence.parameters.wrongSum, evidence)
    expect(logged.later.length).toBe(after)
    const passed = Record.log(logged.before, Record.tally(logged.record, logged.signers))
    const end = logged.later.reduce(
      (before, { recordHash, signers }) =>
        keccak256(
          encodeAbiParameters(
            [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint16' }],
            [before, recordHash, signers],
          ),
        ),
      passed,
    )
    expect(end).toBe(logHash(log))
    expect(Record.sums(sums)).toBe(logged.record.sums)
    expect(Record.cohortHash(summed.inputs, summed.sumRoot)).toBe(summed.cohorts[cohort])
    expect(word.index).toBe(BigInt(Math.floor(lane / 4)))
    const holds = (root: Hex, shown: Hex, proof: readonly Hex[]) =>
      Ciphertext.verify(root, 2, Number(word.index), { word: shown, proof })
    summed.inputs.forEach(({ root }, i) => {
      expect(holds(root, word.inputs[i] ?? '0x', word.inputProofs[i] ?? [])).toBe(true)
    })
    expect(holds(summed.sumRoot, word.sum, word.sumProof)).toBe(true)
    expect(word.sum).not.toBe(added(word.inputs))
  })
  fc.assert(property, { numRuns: 6 })
})

test('of a right sum, of other bytes and of another round there is no evidence', () => {
  const sums = sumsOf(1, right)
  const round = { log: logWith(0, 2, sums), round: 1, sums }
  const [first, second] = bytes
  if (first === undefined || second === undefined) throw new Error('there are two cohorts')
  const wrong = { ...first, sum: first.sum.map((each) => bumped(each, 0)) }
  expect(() => Evidence.wrongSum(round, 0, first)).toThrow(Evidence.NoneError)
  expect(() => Evidence.wrongSum(round, 0, wrong)).toThrow('the sum is another')
  const swapped = { ...wrong, updates: wrong.updates.with(1, [words(9), words(59)]) }
  expect(() => Evidence.wrongSum(round, 0, swapped)).toThrow('input 1 is another')
  expect(() => Evidence.wrongSum(round, 0, { ...first, updates: [] })).toThrow('there are 0 of 3 inputs')
  expect(() => Evidence.wrongSum(round, 2, { updates: [], sum: [] })).toThrow(Evidence.NoneError)
  expect(() => Evidence.wrongSum(round, 3, first)).toThrow('there is no cohort 3')
  expect(() => Evidence.wrongSum({ ...round, round: 2 }, 0, first)).toThrow('round 2 was not committed')
  const others = sumsOf(1, [...right].reverse())
  expect(() => Evidence.wrongSum({ ...round, sums: others }, 0, first)).toThrow('their roots are others')
})

test.each([0, 1, 2, 4, 5, 6])('a forged input of seat %i is found', (forged) => {
  const sums = sumsOf(1, right, (seat) => (seat === forged ? 7 : seat))
  const round = { log: logWith(0, 2, sums), round: 1, sums }
  const { charge, evidence } = Evidence.forgedInput(round, place, datas)
  expect(charge).toBe('forgedInput')
  const [, summed, list, input] = decodeAbiParameters(Evidence.parameters.forgedInput, evidence)
  expect(summed.cohort).toBe(forged < 3 ? 0n : 1n)
  expect(cohorts[Number(summed.cohort)]?.[Number(input)]).toBe(forged)
  expect(list.map(({ account }) => account.toLowerCase())).toEqual(datas.map(({ account }) => account))
})

test('inputs that are not as many as survivors, and sums that are not as many as cohorts, are forged', () => {
  const honest = sumsOf(1, right)
  const [first, ...rest] = honest.cohorts
  if (first === undefined) throw new Error('there are cohorts')
  const short = { ...honest, cohorts: [{ ...first, inputs: first.inputs.slice(1) }, ...rest] }
  const about = (sums: Record.Sums) => ({ log: logWith(0, 1, sums), round: 1, sums })
  expect(() => Evidence.forgedInput(about(honest), place, datas)).toThrow('every input was signed')
  expect(Evidence.forgedInput(about(short), place, datas).charge).toBe('forgedInput')
  expect(Evidence.forgedInput(about({ ...honest, cohorts: rest }), place, datas).charge).toBe('forgedInput')
  expect(() => Evidence.forgedInput(about(honest), place, datas.slice(0, 3))).toThrow(
    'a data provider is missing',
  )
})

test('two records by one member are shown, one record twice is not', () => {
  const signed = (seat: number, sumRoots: readonly Hex[]) => {
    const record = recordOf(1, sumsOf(1, sumRoots))
    return { record, signature: sign(`desktop ${seat}`, 'record', 1, Record.hash(record)) }
  }
  const [one, two] = [signed(2, right), signed(2, [])]
  const { charge, evidence } = Evidence.twoRecords(place, computes, 2, [one, two])
  expect(charge).toBe('twoRecords')
  const [twice] = decodeAbiParameters(Evidence.parameters.twoRecords, evidence)
  expect(twice).toEqual({
    round: 1,
    seat: 2,
    first: Record.hash(one.record),
    firstSignature: one.signature,
    second: Record.hash(two.record),
    secondSignature: two.signature,
  })
  expect(() => Evidence.twoRecords(place, computes, 2, [one, one])).toThrow(Evidence.NoneError)
  expect(() => Evidence.twoRecords(place, computes, 2, [one, signed(1, [])])).toThrow('was not signed by')
  expect(() => Evidence.twoRecords(place, computes, 3, [one, two])).toThrow('no compute provider on seat 3')
  const later = { ...two, record: { ...two.record, round: 2 } }
  expect(() => Evidence.twoRecords(place, computes, 2, [one, later])).toThrow('of two rounds')
  const elsewhere = { ...place, task: hash('another task') }
  expect(() => Evidence.twoRecords(elsewhere, computes, 2, [one, two])).toThrow('was not signed by')
})

test('two openings are shown, whatever differs', () => {
  const signed = (opened: string, closes: number) => ({
    opened: hash(opened),
    closes,
    signature: sign('opener', 'opening', 4, Once.opening(hash(opened), closes)),
  })
  const pairs = [
    [signed('a model', 1_000), signed('a model', 1_001)],
    [signed('a model', 1_000), signed('another', 1_000)],
  ] as const
  for (const openings of pairs) {
    const { charge, evidence } = Evidence.twoOpenings(place, addressOf('opener'), 4, openings)
    const [{ round, seat, first, second }] = decodeAbiParameters(Evidence.parameters.twoOpenings, evidence)
    const statements = openings.map(({ opened, closes }) => Once.opening(opened, closes))
    expect({ charge, round, seat, statements: [first, second] }).toEqual({
      charge: 'twoOpenings',
      round: 4,
      seat: 0,
      statements,
    })
    expect(() => Evidence.twoOpenings(place, addressOf('opener'), 5, openings)).toThrow('was not signed by')
    expect(() => Evidence.twoOpenings(place, addressOf('opener'), 4, [openings[0], openings[0]])).toThrow(
      Evidence.NoneError,
    )
  }
})

test('known evidence is a vector for other implementations', () => {
  const [first] = bytes
  if (first === undefined) throw new Error('there are two cohorts')
  const sum = first.sum.map((each) => bumped(each, 8_191))
  const sums = sumsOf(3, right.with(0, Ciphertext.root(sum)))
  const round = { log: logWith(1, 3, sums), round: 3, sums }
  expect(keccak256(Evidence.wrongSum(round, 0, { ...first, sum }).evidence)).toMatchInlineSnapshot(
    `"0xff382bda1b7de6a920e9bc7987fcfcf1d6518618d84c18f1d42f3c5409f69f5c"`,
  )
  const forged = sumsOf(1, right, (seat) => (seat === 5 ? 7 : seat))
  const about = { log: logWith(0, 3, forged), round: 1, sums: forged }
  expect(keccak256(Evidence.forgedInput(about, place, datas).evidence)).toMatchInlineSnapshot(
    `"0x81443388cc245927af53c0152096bd3ed5be1799f95b25a131de9ca8b4b288d8"`,
  )
})

/** The definition, in bigints. */
function added(parts: readonly Hex[]): Hex {
  const lanes = [0, 1, 2, 3].map((lane) => {
    const of = (word: Hex) => BigInt(`0x${word.slice(2 + 16 * lane, 18 + 16 * lane)}`)
    const total = parts.reduce((sum, word) => sum + of(word), 0n) % He.q
    return `0x${total.toString(16).padStart(16, '0')}` as const
  })
  return concat(lanes)
}

function words(seed: number): Uint8Array<ArrayBuffer> {
  const lanes = BigUint64Array.from({ length: 8_192 }, (_, i) => BigInt(i * 31 + seed + 1) ** 7n % He.q)
  return new Uint8Array(lanes.buffer)
}

/** The same with one coefficient raised by one. */
function bumped(ciphertext: Uint8Array, lane: number): Uint8Array {
  const lanes = new BigUint64Array(ciphertext.slice().buffer)
  lanes[lane] = ((lanes[lane] ?? 0n) + 1n) % He.q
  return new Uint8Array(lanes.buffer)
}
