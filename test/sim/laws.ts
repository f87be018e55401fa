// What must hold at every step of every run, by the numbers of protocol.md. A breach ends the run.
import type { Hex } from '../../protocol/codec.ts'
import * as Record from '../../protocol/record.ts'
import type * as Market from '../../protocol/market.ts'
import * as Survivors from '../../protocol/roles/survivors.ts'
import type { Task } from './market.ts'
import * as Work from './work.ts'

export type Laws = {
  /** A provider published this update. */
  contributed(provider: number, round: number, about: string, root: Hex): void
  /** A provider counts enough receipts to leave. */
  promised(provider: number, round: number): void
  committed(event: Extract<Market.Event, { readonly name: 'RoundCommitted' }>, task: Task): void
  /** The model provider opened a sum. */
  opened(round: number, values: readonly number[]): void
  settled(task: Task): void
}

export class BreachError extends Error {
  override readonly name = 'BreachError'
}

export function watch(work: Work.Work): Laws {
  const updates = new Map<string, { readonly about: string; readonly root: Hex }>()
  const promises = new Map<number, Set<number>>()
  const records = new Map<number, Record.Body>()
  const cids = new Map<string, string>()

  function hold(condition: boolean, law: string): void {
    if (!condition) throw new BreachError(law)
  }

  return {
    contributed: (provider, round, about, root) => {
      const key = `${round} ${provider}`
      const before = updates.get(key)
      hold(
        before === undefined || before.root === root,
        `I6: provider ${provider} made two updates in round ${round}`,
      )
      updates.set(key, { about, root })
      cids.set(`${key} ${root}`, about)
    },
    promised: (provider, round) => {
      const set = promises.get(round) ?? new Set()
      promises.set(round, set.add(provider))
      const record = records.get(round)
      hold(
        record === undefined || has(record.delivered, provider),
        `I10: round ${round} misses provider ${provider}`,
      )
    },
    committed: ({ record, round }, task) => {
      hold(!records.has(round), `I3: round ${round} was committed twice`)
      const union = record.cohorts.reduce((all, cohort) => all | cohort, 0n)
      hold(
        (record.survivors & ~(record.delivered & union)) === 0n,
        `I4: round ${round} opens what was not delivered`,
      )
      for (const provider of promises.get(round) ?? [])
        hold(has(record.delivered, provider), `I10: round ${round} misses provider ${provider}`)
      const epoch = (of: number) => Math.floor((of - 1) / task.terms.roundsPerEpoch)
      const sets = [...records.values()].filter((other) => epoch(other.round) === epoch(round))
      const opened = record.cohorts.map((cohort) => cohort & record.survivors).filter((set) => set !== 0n)
      const before = sets.flatMap((other) => other.cohorts.map((cohort) => cohort & other.survivors))
      for (const set of opened) {
        hold(Record.seats(set).length >= task.terms.minCohort, `I4: round ${round} opens too few`)
        for (const other of before) {
          const distance = Record.seats(set ^ other).length
          hold(distance === 0 || distance >= task.terms.minCohort, `I5: round ${round} is too near another`)
        }
      }
      hold(!Survivors.isolatesSomeone([...before, ...opened]), `I5: round ${round} isolates somebody`)
      records.set(round, record)
    },
    opened: (round, values) => {
      const record = records.get(round)
      hold(record !== undefined, `I2: round ${round} was opened without a commit`)
      const survivors = record?.survivors ?? 0n
      const ones = values.slice(Work.free)
      hold(
        ones.every((value, seat) => value === (has(survivors, seat) ? 1 : 0)),
        `I8: the sum of round ${round} is not the sum of its survivors`,
      )
      const expected = Array.from({ length: Work.free }, () => 0)
      for (const seat of Record.seats(survivors)) {
        const update = updates.get(`${round} ${seat}`)
        const { cid } = work.contribute(seat, ones.length, update?.about ?? '')
        work
          .values(cid)
          .slice(0, Work.free)
          .forEach((value, i) => (expected[i] = (expected[i] ?? 0) + value))
      }
      hold(
        expected.every((value, i) => value === values[i]),
        `I8: the sum of round ${round} is not exact`,
      )
    },
    settled: (task) => {
      const { payout, rounds, datas, terms } = task
      datas.forEach((party, seat) => {
        const delivered = rounds.filter((tally) => has(tally.delivered, seat)).length
        const floor = (party.floor * BigInt(Math.min(delivered, terms.paidRounds))) / BigInt(terms.paidRounds)
        const amount = payout?.leaves[seat]?.amount ?? 0n
        hold(amount >= floor, `I11: provider ${seat} is paid ${amount}, less than its floor of ${floor}`)
        // A model that got no better in an epoch pays its rounds by the floor alone.
        const isPaid = amount > 0n || (terms.plan === 'proportional' && delivered > 0)
        hold(
          delivered === 0 ? amount === 0n : isPaid,
          `I11: provider ${seat} delivered ${delivered} rounds for ${amount}`,
        )
      })
    },
  }
}

function has(bits: bigint, seat: number): boolean {
  return ((bits >> BigInt(seat)) & 1n) === 1n
}
