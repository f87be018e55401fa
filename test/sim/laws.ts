// What must hold at every step of every run, by the numbers of protocol.md. A breach ends the run. Written apart from
// the rules that roles follow, so that a rule which is wrong or switched off is found.
import type * as Body from '../../protocol/body.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Cohort from '../../protocol/cohort.ts'
import type * as Market from '../../protocol/market.ts'
import type * as Masks from '../../protocol/masks.ts'
import * as Record from '../../protocol/record.ts'
import type { TaskSpec } from '../../protocol/taskSpec.ts'
import { BreachError, has, hold } from './breach.ts'
import * as OfJobs from './lawsOfJobs.ts'
import * as Records from './lawsOfRecords.ts'
import type { Task } from './market.ts'
import type * as Primitives from './primitives.ts'
import * as Sets from './sets.ts'
import * as Suspects from './suspects.ts'

/** Values that tell updates of different rounds apart, before the one-hot part. */
export const free = 6

export type Laws = {
  /** The task started in this block. */
  started(block: number, task: Task): void
  /** A provider's worker gave this update out. */
  contributed(by: Contribution): void
  /** A provider counts enough receipts to leave; `keepers` are the seats that gave them. */
  promised(provider: Address, round: number, keepers: readonly number[]): void
  committed(event: Committed, task: Task): void
  slashed(seats: number, task: Task): void
  /** A member's worker gave these shares out. */
  released(member: Address, round: number, record: Hex, shares: readonly Masks.Released[]): void
  /** The model provider opened sums: their values, or nothing where one was discarded. */
  opened(round: number, sums: readonly (readonly number[] | undefined)[]): void
  /** The model provider holds that these did wrong. */
  convicted(accounts: readonly Address[]): void
  settled(task: Task): void
  /** What the model provider saw of this provider, and what the provider's own ledger says that it may have seen. */
  ended(provider: Address, ledger: number): void
  /** What the corrupted can read together of those who are not. */
  bared(updates: readonly { readonly account: Address; readonly round: number }[]): void
  /** What came of the jobs that were posted until now. */
  jobs(task: Task): readonly OfJobs.Outcome[]
  /** A role holds that this one is contradicted, by evidence that names these. */
  contradicted(account: Address, proven: readonly Address[], executors: readonly Address[]): void
  /** How many secrets are left on the device of somebody who saw the end. */
  left(account: Address, secrets: number): void
}

type Committed = Extract<Market.Event, { readonly name: 'RoundCommitted' }> & { readonly time: number }

export type Contribution = {
  readonly account: Address
  readonly seat: number
  readonly round: number
  /** What it was shown. */
  readonly view: Masks.View
  readonly root: Hex
  readonly cipher: Primitives.Cipher
}

/** What the laws may look at beside what they are told. */
export type Sight = {
  readonly task: Hex
  readonly spec: TaskSpec
  readonly isEvil: (account: Address) => boolean
  readonly nameOf: (account: Address) => string
  readonly header: (number: number) => Hex | undefined
  /** What a round was opened with, by the digest of what was said. */
  readonly openings: (round: number) => readonly {
    readonly digest: Hex
    readonly body: Body.Of<'roundOpened'>
  }[]
  /** Records that were proposed in a round. */
  readonly proposed: (round: number) => readonly Body.Of<'recordProposed'>[]
  /** Updates that were said in a round. */
  readonly updates: (round: number) => readonly { readonly account: Address; readonly root: Hex }[]
  readonly isPublished: (cid: string) => boolean
  /** Root of the sum of these objects; undefined where one cannot be had. */
  readonly sumRoot: (cids: readonly string[]) => Hex | undefined
} & Pick<OfJobs.Sight, 'heard' | 'isRight' | 'isHad'>

export function watch(sight: Sight): Laws {
  const updates = new Map<string, Contribution[]>()
  const streams = new Map<string, Hex>()
  const promises = new Map<number, Set<Address>>()
  const records = new Map<number, Record.Body>()
  const blocks = new Map<number, number>()
  const kinds = new Map<string, Masks.Kind>()
  const seen = new Map<Address, Set<number>>()
  let task: Task | undefined

  const accountOf = (seat: number): Address => task?.datas[seat]?.account ?? '0x'
  const memberOf = (seat: number): Address => task?.computes[seat]?.account ?? '0x'
  const evilMembers = () => task?.computes.filter(({ account }) => sight.isEvil(account)).length ?? 0
  const areMembersSound = () => evilMembers() < (task?.terms.threshold ?? 0)
  const epochOf = (round: number) => Math.floor((round - 1) / (task?.terms.roundsPerEpoch ?? 1))

  /** The round whose commit fixed the draw of this round's epoch; undefined for the start. */
  function basis(round: number): number | undefined {
    const before = [...records.keys()]
      .filter((other) => epochOf(other) < epochOf(round))
      .toSorted((a, b) => a - b)
    const epoch = epochOf(before.at(-1) ?? 0)
    return before.find((other) => epochOf(other) === epoch)
  }

  function blockHash(round: number): Hex | undefined {
    return sight.header((blocks.get(basis(round) ?? 0) ?? 0) + 4)
  }

  /** The cohorts of a round as they follow from the chain. */
  function drawn(round: number, of: Task): readonly bigint[] | undefined {
    const first = basis(round)
    const hash = blockHash(round)
    if (hash === undefined) return undefined
    const { minCohort, maxCohorts } = of.terms
    const rules = { largest: Cohort.largest(sight.spec.he), minCohort, maxCohorts }
    const accounts = of.datas.map(({ account }) => account)
    const record = records.get(first ?? 0)
    const opening = sight.openings(first ?? 0).find(({ digest }) => digest === record?.opened)
    const earlier = [...records.values()].filter((other) => other.round < (first ?? 0))
    const suspects = Suspects.of(of, earlier, opening?.body)
    return Cohort.draw(accounts, Cohort.seed(sight.task, hash), rules, suspects).map((cohort) =>
      Record.bitmapOf(cohort.map((account) => accounts.indexOf(account))),
    )
  }

  function promiseKept(round: number, account: Address): void {
    const record = records.get(round)
    const seat = task?.datas.findIndex((party) => party.account === account) ?? -1
    hold(record === undefined || has(record.delivered, seat), `I10: round ${round} misses provider ${seat}`)
  }

  return {
    started: (block, of) => {
      task = of
      blocks.set(0, block)
    },
    contributed: (made) => {
      const key = `${made.round} ${made.account}`
      const before = updates.get(key) ?? []
      updates.set(key, [...before, made])
      if (sight.isEvil(made.account)) return
      hold(
        before.every(({ root }) => root === made.root),
        `I6: provider ${made.seat} made two updates in round ${made.round}`,
      )
      for (const mask of made.cipher.masks.keys()) {
        const stream = `${mask} ${made.account}`
        const root = streams.get(stream) ?? made.root
        hold(root === made.root, `I6: a mask of provider ${made.seat} hides two updates`)
        streams.set(stream, root)
      }
    },
    promised: (provider, round, keepers) => {
      const honest = keepers.filter((seat) => !sight.isEvil(memberOf(seat)))
      const needed = keepers.length
      if (honest.length < needed || !areMembersSound()) return
      promises.set(round, (promises.get(round) ?? new Set()).add(provider))
      promiseKept(round, provider)
    },
    committed: ({ record, round, block, time }, of) => {
      hold(!records.has(round), `I3: round ${round} was committed twice`)
      hold(time <= record.closes, `I3: round ${round} was committed after it had closed`)
      hold(
        [...records.keys()].every((other) => other < round),
        `I3: round ${round} was committed after it was passed over`,
      )
      const cohorts = drawn(round, of)
      records.set(round, record)
      blocks.set(round, block)
      const union = record.cohorts.reduce((all, cohort) => all | cohort, 0n)
      hold(
        (record.survivors & ~(record.delivered & union)) === 0n,
        `I4: round ${round} opens what was not delivered`,
      )
      for (const account of promises.get(round) ?? []) promiseKept(round, account)
      if (!areMembersSound()) return
      OfJobs.assertEarned({ ...sight, blockHash }, of, [...records.values()])
      hold(
        cohorts?.length === record.cohorts.length &&
          record.cohorts.every((cohort, at) => (cohort & ~(cohorts[at] ?? 0n)) === 0n),
        `I4: round ${round} has other cohorts than were drawn`,
      )
      const epochs = [...records.values()].map((other) => epochOf(other.round))
      const earlier = Math.max(...epochs.filter((epoch) => epoch < epochOf(round)), 0)
      const near = [...records.values()].filter((other) => epochOf(other.round) >= earlier)
      const before = near
        .filter((other) => other.round !== round)
        .flatMap((other) => other.cohorts.map((cohort) => cohort & other.survivors))
        .filter((set) => set !== 0n)
      const opened = record.cohorts.map((cohort) => cohort & record.survivors).filter((set) => set !== 0n)
      for (const set of opened) {
        hold(Sets.size(set) >= of.terms.minCohort, `I4: round ${round} opens too few`)
        for (const other of before) {
          const distance = Sets.size(set ^ other)
          hold(distance === 0 || distance >= of.terms.minCohort, `I5: round ${round} is too near another`)
        }
      }
      hold(!Sets.singlesOut([...before, ...opened]), `I5: round ${round} singles somebody out`)
      Records.assertKept(record, accountOf, sight)
    },
    slashed: (seats, of) => {
      of.computes.forEach(({ account }, seat) => {
        if ((seats >> seat) & 1) hold(sight.isEvil(account), `I12: honest member ${seat} was slashed`)
      })
    },
    released: (member, round, record, shares) => {
      if (sight.isEvil(member)) return
      const committed = records.get(round)
      hold(
        committed !== undefined && Record.hash(committed) === record,
        `I2: shares of round ${round} were given away without a commit`,
      )
      for (const { provider, kind } of shares) {
        const key = `${member} ${round} ${provider}`
        hold(
          (kinds.get(key) ?? kind) === kind,
          `I1: both kinds of shares of ${sight.nameOf(provider)} in round ${round}`,
        )
        kinds.set(key, kind)
      }
    },
    opened: (round, sums) => {
      const record = records.get(round)
      if (record === undefined) throw new BreachError(`I2: round ${round} was opened without a commit`)
      const isAnyEvil = task?.datas.some(({ account }) => sight.isEvil(account)) === true || evilMembers() > 0
      hold(isAnyEvil || !sums.includes(undefined), `I8: a sum of round ${round} was discarded`)
      for (const values of sums) {
        if (values === undefined) continue
        const seats = Records.markedBy(values.slice(free), record)
        const parts = seats.map((seat) => updates.get(`${round} ${accountOf(seat)}`) ?? [])
        for (const seat of seats)
          seen.set(accountOf(seat), (seen.get(accountOf(seat)) ?? new Set()).add(round))
        // Of those who say two things it is not known which one was added.
        if (seats.some((seat) => sight.isEvil(accountOf(seat)))) continue
        const views = new Set(parts.flat().map(({ view }) => `${view.opened} ${view.cohorts}`))
        hold(views.size < 2, `I7: a sum of round ${round} opened over different views`)
        const expected = Array.from({ length: free }, (_, at) =>
          parts.reduce((sum, [made]) => sum + (made?.cipher.values[at] ?? 0), 0),
        )
        hold(
          expected.every((value, at) => value === values[at]),
          `I8: a sum of round ${round} is not exact`,
        )
      }
    },
    convicted: (accounts) => {
      for (const account of accounts)
        hold(sight.isEvil(account), `I14: ${sight.nameOf(account)} did nothing wrong`)
    },
    settled: (of) => {
      const { payout, rounds, datas, terms } = of
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
    ended: (provider, ledger) => {
      const openings = seen.get(provider)?.size ?? 0
      hold(ledger >= openings, `I17: ${sight.nameOf(provider)} counts ${ledger} openings of ${openings}`)
    },
    bared: ([update]) => {
      hold(
        update === undefined,
        `I9: the update of ${sight.nameOf(update?.account ?? '0x')} in round ${update?.round} lies bare`,
      )
    },
    jobs: (of) => OfJobs.judge({ ...sight, blockHash }, of),
    contradicted: (account, proven, executors) => {
      hold(
        proven.includes(account),
        `I20: ${sight.nameOf(account)} is said to be contradicted without evidence`,
      )
      const liars = executors.filter((each) => sight.isEvil(each)).length
      hold(
        liars > 1 || sight.isEvil(account),
        `I20: ${sight.nameOf(account)} is contradicted and did its job`,
      )
    },
    left: (account, secrets) => {
      hold(secrets === 0, `I18: ${sight.nameOf(account)} keeps ${secrets} secrets after the end`)
    },
  }
}
