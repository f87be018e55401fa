// Money is conserved to the unit, floors hold, and every leaf can be proven. Solidity's agreement: test/vectors.
import fc from 'fast-check'
import { concat, encodeAbiParameters, keccak256, numberToHex } from 'viem'
import { expect, test } from 'vitest'
import type { Hex } from './codec.ts'
import * as Payout from './payout.ts'
import * as Plan from './plan.ts'
import type { Tally } from './record.ts'
import * as Terms from './terms.ts'

const hash: Hex = `0x${'11'.repeat(32)}`
const account = (at: number): Hex => numberToHex(at, { size: 20 })

const settlements = fc
  .record({
    datas: fc.integer({ min: 3, max: 20 }),
    computes: fc.integer({ min: 1, max: 5 }),
    rounds: fc.integer({ min: 1, max: 12 }),
    paidRounds: fc.integer({ min: 1, max: 14 }),
    pool: fc.bigInt({ min: 0n, max: 10n ** 24n }),
    bond: fc.bigInt({ min: 0n, max: 10n ** 24n }),
    floors: fc.array(fc.bigInt({ min: 0n, max: 10n ** 6n }), { minLength: 20, maxLength: 20 }),
    samples: fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 20, maxLength: 20 }),
    bits: fc.array(fc.bigInt({ min: 0n, max: (1n << 20n) - 1n }), { minLength: 24, maxLength: 24 }),
    absent: fc.integer({ min: 0, max: 31 }),
    plan: fc.constantFrom(...Terms.plans),
    halves: fc.bigInt({ min: 0n, max: (1n << 20n) - 1n }),
    scores: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 12, maxLength: 12 }),
    punished: fc.boolean(),
  })
  .map((drawn): Payout.Settlement => {
    const everyone = (1n << BigInt(drawn.datas)) - 1n
    const seats = 2 ** drawn.computes - 1
    const absent = drawn.absent & seats & ~1
    const datas = Array.from({ length: drawn.datas }, (_, at) => ({
      account: account(at + 1),
      payee: account(at + 1),
      device: account(at + 1),
      box: hash,
      floor: drawn.floors[at] ?? 0n,
      samples: drawn.samples[at] ?? 1,
      quality: 5_000,
      compute: 0,
      dataSignature: hash,
    }))
    const computes = Array.from({ length: drawn.computes }, (_, at) => ({
      account: account(at + 100),
      payee: account(at + 100),
      device: account(at + 100),
      box: hash,
      price: BigInt(1_000 + at),
    }))
    const rounds = Array.from({ length: drawn.rounds }, (_, at): Tally => {
      const delivered = ((drawn.bits[at] ?? 0n) & everyone) | 7n
      const survivors = (delivered & (drawn.bits[at + 12] ?? 0n)) | 7n
      const signers = seats & ~absent
      return {
        round: at + 1,
        aggregator: 0,
        signers,
        delivered,
        survivors,
        cohorts: [everyone & drawn.halves, everyone & ~drawn.halves],
        evidence: hash,
      }
    })
    const terms = {
      modelProvider: account(900),
      opener: account(901),
      token: account(902),
      plan: drawn.plan,
      referee: Terms.noAddress,
      dataPool: drawn.pool + datas.reduce((sum, { floor }) => sum + floor, 0n),
      computePool: 0n,
      bond: drawn.bond,
      computeBond: 77n,
      disputeBond: 0n,
      specHash: hash,
      schemaId: hash,
      salt: hash,
      words: 8_192,
      sampleCap: 10_000,
      unitsPerSignature: 500,
      roundsPerEpoch: 3,
      invited: Terms.noHash,
      idleWindow: 60,
      challengeWindow: 60,
      startBy: 1_800_000_000,
      minQuality: 0,
      minDatas: 3,
      maxDatas: 20,
      minComputes: 1,
      maxComputes: 5,
      threshold: 1,
      minCohort: 3,
      maxCohorts: 3,
      maxRounds: 20,
      paidRounds: drawn.paidRounds,
    } satisfies Terms.Terms
    const prices = computes.map(({ price }) => price)
    const isScored = drawn.plan !== 'equal' && !drawn.punished
    const opened = isScored ? Plan.opened(terms, rounds) : []
    const utilities = opened.map((bits, epoch) =>
      [0, 1, 2].map((c) =>
        ((bits >> BigInt(c)) & 1n) === 1n ? (drawn.scores[3 * (epoch % 4) + c] ?? 0) : 0,
      ),
    )
    const computePool = Payout.worstCompute(terms, prices, drawn.datas)
    return {
      terms: { ...terms, computePool },
      computes,
      datas,
      absent,
      rounds,
      utilities,
      punished: drawn.punished,
    }
  })

test('the model provider gets the same, but for dust, whatever it says of cohorts (C6)', () => {
  fc.assert(
    fc.property(settlements, (settlement) => {
      const told = Payout.compute(settlement).leaves.at(-1)?.amount ?? 0n
      const silent = Payout.compute({ ...settlement, utilities: [] }).leaves.at(-1)?.amount ?? 0n
      const dust = BigInt(settlement.datas.length)
      expect(told - silent <= dust && silent - told <= dust).toBe(true)
    }),
  )
})

test('an amount is the sum of what it is made of', () => {
  fc.assert(
    fc.property(settlements, (settlement) => {
      for (const { amount, parts } of Payout.compute(settlement).leaves)
        expect(Object.values(parts).reduce((sum, part) => sum + part, 0n)).toBe(amount)
    }),
  )
})

test('leaves add up to what was funded, and none is negative', () => {
  fc.assert(
    fc.property(settlements, (settlement) => {
      const { leaves } = Payout.compute(settlement)
      const present = settlement.computes.filter((_, seat) => ((settlement.absent >> seat) & 1) === 0).length
      const sum = leaves.reduce((total, { amount }) => total + amount, 0n)
      expect(sum).toBe(Payout.funded(settlement.terms, present))
      expect(leaves.every(({ amount }) => amount >= 0n)).toBe(true)
    }),
  )
})

test('a delivered round earns its part of the floor, whatever the weights (C5)', () => {
  fc.assert(
    fc.property(settlements, (settlement) => {
      const { leaves } = Payout.compute(settlement)
      settlement.datas.forEach(({ floor }, seat) => {
        const paid = BigInt(Math.min(Payout.delivered(settlement.rounds, seat), settlement.terms.paidRounds))
        expect(leaves[seat]?.amount).toBeGreaterThanOrEqual(
          (floor * paid) / BigInt(settlement.terms.paidRounds),
        )
      })
    }),
  )
})

test('splitting oneself below the cap changes others by dust only (C16)', () => {
  fc.assert(
    fc.property(settlements, (drawn) => {
      const first = drawn.datas[0]
      if (first === undefined || first.samples > drawn.terms.sampleCap || first.samples < 2) return
      const half = Math.floor(first.samples / 2)
      const datas = [
        { ...first, floor: 0n, samples: half },
        ...drawn.datas.slice(1),
        { ...first, floor: first.floor, samples: first.samples - half },
      ]
      const twin = BigInt(drawn.datas.length)
      const rounds = drawn.rounds.map((tally) => ({
        ...tally,
        delivered: tally.delivered | ((tally.delivered & 1n) << twin),
        cohorts: tally.cohorts.map((cohort) => cohort | ((cohort & 1n) << twin)),
      }))
      const before = Payout.compute(drawn).leaves
      const after = Payout.compute({ ...drawn, datas, rounds }).leaves
      for (let seat = 1; seat < drawn.datas.length; seat++) {
        const change = (after[seat]?.amount ?? 0n) - (before[seat]?.amount ?? 0n)
        expect(change >= -1n && change <= 1n).toBe(true)
      }
    }),
  )
})

test('every leaf has a proof that leads to the root', () => {
  fc.assert(
    fc.property(settlements, (settlement) => {
      const { leaves, root } = Payout.compute(settlement)
      for (const { index } of leaves) {
        const { payee, amount, proof } = Payout.claim(settlement.terms.token, leaves, index)
        const leaf = keccak256(
          encodeAbiParameters(
            [{ type: 'address' }, { type: 'uint256' }, { type: 'address' }, { type: 'uint256' }],
            [settlement.terms.token, BigInt(index), payee, amount],
          ),
        )
        const top = proof.reduce(
          (node, other) => keccak256(concat(node < other ? [node, other] : [other, node])),
          leaf,
        )
        expect(top).toBe(root)
      }
    }),
    { numRuns: 20 },
  )
})

test('without a round, and beyond the last leaf, there is nothing to pay', () => {
  const [settlement] = fc.sample(settlements, 1)
  if (settlement === undefined) throw new Error('no sample')
  expect(() => Payout.compute({ ...settlement, rounds: [] })).toThrow(Payout.NoRoundsError)
  const { leaves } = Payout.compute(settlement)
  const { token } = settlement.terms
  expect(() => Payout.claim(token, leaves, leaves.length)).toThrow(Payout.LeafError)
  const indices = leaves.map(({ index }) => index)
  expect(Payout.claims(token, leaves, indices)).toEqual(indices.map((at) => Payout.claim(token, leaves, at)))
})
