// Tasks of every kind, drawn for property tests of what they owe.
import fc from 'fast-check'
import { numberToHex } from 'viem'
import type { Hex } from '../protocol/codec.ts'
import type * as History from '../protocol/history.ts'
import * as Payout from '../protocol/payout.ts'
import * as Plan from '../protocol/plan.ts'
import * as Record from '../protocol/record.ts'
import * as Terms from '../protocol/terms.ts'

export type Task = Omit<Payout.Settlement, 'rounds'> & { readonly rounds: readonly History.Round[] }

const hash: Hex = `0x${'11'.repeat(32)}`
const account = (at: number): Hex => numberToHex(at, { size: 20 })

/** Tasks with rounds, settled in every way. */
export const tasks = fc
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
    jobs: fc.array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: (1n << 96n) - 1n })), {
      minLength: 12,
      maxLength: 12,
    }),
    jobKilounits: fc.integer({ min: 0, max: 400_000 }),
  })
  .map((drawn): Task => {
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
    const rounds = Array.from({ length: drawn.rounds }, (_, at): History.Round => {
      const delivered = ((drawn.bits[at] ?? 0n) & everyone) | 7n
      const survivors = (delivered & (drawn.bits[at + 12] ?? 0n)) | 7n
      const signers = seats & ~absent
      const cohorts = [everyone & drawn.halves, everyone & ~drawn.halves]
      const digests = { opened: hash, cohortsDigest: hash, sums: hash }
      const round = at + 1
      const jobs = drawn.jobs[at] ?? 0n
      return {
        record: { round, closes: 0, aggregator: 0, delivered, survivors, cohorts, jobs, ...digests },
        signers,
        block: round,
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
      jobKilounits: drawn.jobKilounits,
    } satisfies Terms.Terms
    const prices = computes.map(({ price }) => price)
    const isScored = drawn.plan !== 'equal' && !drawn.punished
    const opened = isScored ? Plan.opened(terms, talliesOf(rounds)) : []
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

/** The same as a settlement sees them. */
export const settlements = tasks.map((task): Payout.Settlement => ({
  ...task,
  rounds: talliesOf(task.rounds),
}))

function talliesOf(rounds: readonly History.Round[]): readonly Record.Tally[] {
  return rounds.map(({ record, signers }) => Record.tally(record, signers))
}
