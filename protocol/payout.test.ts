// Money is conserved to the unit, floors hold, and every leaf can be proven. Solidity's agreement: test/vectors.
import fc from 'fast-check'
import { concat, encodeAbiParameters, keccak256 } from 'viem'
import { expect, test } from 'vitest'
import { settlements } from '../test/tasks.ts'
import * as Payout from './payout.ts'

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

test('lanes are paid in the order of rounds and seats, up to the most of the terms, to present seats only', () => {
  const [drawn] = fc.sample(
    settlements.filter(({ computes }) => computes.length >= 4),
    1,
  )
  const [tally] = drawn?.rounds ?? []
  if (drawn === undefined || tally === undefined) throw new Error('no sample')
  const paid = (jobKilounits: number, absent: number, ...jobs: readonly bigint[]) => {
    const rounds = jobs.map((lanes, at) => ({ ...tally, round: at + 1, jobs: lanes }))
    const { leaves } = Payout.compute({
      ...{ ...drawn, rounds, absent, utilities: [] },
      computes: drawn.computes.slice(0, 4),
      terms: { ...drawn.terms, jobKilounits, plan: 'equal' },
    })
    return leaves.filter(({ role }) => role === 'compute').map(({ units }) => units.jobs)
  }
  const lanes = (...seats: readonly number[]) =>
    seats.reduceRight((all, kilounits) => (all << 16n) | BigInt(kilounits), 0n)
  expect(paid(100, 0, lanes(1, 2, 3, 4))).toEqual([1_000n, 2_000n, 3_000n, 4_000n])
  expect(paid(100, 0, 0n)).toEqual([0n, 0n, 0n, 0n])
  expect(paid(5, 0, lanes(3, 4, 5, 0))).toEqual([3_000n, 2_000n, 0n, 0n])
  expect(paid(5, 0, lanes(0, 0, 0, 4), lanes(4, 4))).toEqual([1_000n, 0n, 0n, 4_000n])
  expect(paid(5, 2, lanes(1, 65_535, 2, 9))).toEqual([1_000n, 0n, 2_000n, 2_000n])
  expect(paid(5, 0, lanes(0, 0, 0, 1, 65_535), lanes(1))).toEqual([1_000n, 0n, 0n, 1_000n])
  expect(paid(0, 0, lanes(1, 2, 3, 4))).toEqual([0n, 0n, 0n, 0n])
})

test('each seat earns its units at its price, and all together no more than the most that compute can cost', () => {
  fc.assert(
    fc.property(settlements, (settlement) => {
      const { terms, computes, absent } = settlement
      const leaves = Payout.compute(settlement).leaves.filter(({ role }) => role === 'compute')
      const pay = leaves.reduce((sum, { parts }) => sum + parts.pay + parts.jobs, 0n)
      expect(pay).toBeLessThanOrEqual(terms.computePool)
      const jobs = leaves.reduce((sum, { units }) => sum + units.jobs, 0n)
      expect(jobs).toBeLessThanOrEqual(1_000n * BigInt(terms.jobKilounits))
      leaves.forEach(({ work, units, parts, amount }, seat) => {
        expect(units.adding + units.signing + units.jobs).toBe(BigInt(work))
        const isPresent = ((absent >> seat) & 1) === 0
        expect(isPresent || units.jobs === 0n).toBe(true)
        const bond = isPresent ? terms.computeBond : 0n
        expect(amount).toBe(((computes[seat]?.price ?? 0n) * BigInt(work)) / 1_000_000n + bond)
        expect(parts.jobs === 0n || units.jobs > 0n).toBe(true)
      })
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
