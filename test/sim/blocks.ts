// The chain's blocks: what is in one counts once enough others lie on it, and until then it may be undone.
import type { Address, Hex } from '../../protocol/codec.ts'
import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import * as Keys from './keys.ts'
import type { Luck } from './luck.ts'
import type * as Market from './market.ts'
import { RefusedError } from './refused.ts'
import type { Tally } from './tally.ts'

export type Pooled = {
  readonly from: Address
  readonly call: Market.Call
  readonly done: (refusal: string) => void
}

type Block = {
  readonly number: number
  readonly time: number
  readonly hash: Hex
  readonly calls: readonly Pooled[]
}

export type Blocks = {
  submit(pooled: Pooled): void
  /** Makes a block, and runs the one that has become final; events of it were told to the chain. */
  next(): void
  /** The hash of a block that is final. */
  header(number: number): Hex | undefined
  /** Unix seconds of the newest final block. */
  finalTime(): number
}

/** Blocks on top of one that is final. */
const confirmations = 2

export function open(options: {
  readonly chain: Market.Chain
  readonly clock: Clock
  readonly luck: Luck
  readonly faults: Faults
  readonly tally: Tally
  readonly seed: number
  readonly ran: (before: number) => void
  readonly note: (who: Address, what: string) => void
}): Blocks {
  const { chain, clock, luck, faults, tally, seed, ran, note } = options
  const hashes: (Hex | undefined)[] = []
  let pool: Pooled[] = []
  let unsure: Block[] = []
  let number = 0
  let finalTime = Math.floor(clock.now()) - 1
  let forks = 0

  /** Drops blocks that are not final; what was in them comes back, or is lost. */
  function reorganise(): void {
    const depth = luck.whole(1, Math.max(1, unsure.length))
    const undone = unsure.slice(-depth)
    unsure = unsure.slice(0, -depth)
    number -= undone.length
    forks += 1
    tally.fault('chain reorganised')
    if (undone.some(({ calls }) => calls.some(({ call }) => call.name === 'commitRound')))
      tally.adversary('A5 reorganisation: across a commit')
    for (const { calls } of undone)
      for (const pooled of calls) {
        if (luck.odds(0.7)) pool.push(pooled)
        else {
          tally.fault('transaction lost in a reorganisation')
          // Its sender was told that it is in a block, which was true.
          clock.in(1, () => {
            pooled.done('')
          })
        }
      }
  }

  function run({ number: at, time, hash, calls }: Block): void {
    hashes[at] = hash
    finalTime = time
    for (const { from, call, done } of calls) {
      const before = chain.events.length
      let refusal = ''
      try {
        chain.run(from, call, at, time)
      } catch (thrown) {
        if (!(thrown instanceof RefusedError)) throw thrown
        refusal = thrown.message
      }
      note(from, `has the chain run ${call.name}${refusal === '' ? '' : `, which refuses: ${refusal}`}`)
      ran(before)
      clock.in(luck.between(0.1, 1), () => {
        done(refusal)
      })
    }
  }

  return {
    submit: (pooled) => {
      pool.push(pooled)
    },
    next: () => {
      if (unsure.length > 0 && faults.strikes('reorganises')) reorganise()
      number += 1
      const hash: Hex = `0x${Keys.hash(`block ${seed} ${number} ${forks}`)}`
      unsure.push({ number, time: Math.floor(clock.now()), hash, calls: pool })
      pool = []
      while (unsure.length > confirmations) {
        const [oldest, ...rest] = unsure
        unsure = rest
        if (oldest !== undefined) run(oldest)
      }
    },
    header: (at) => hashes[at],
    finalTime: () => finalTime,
  }
}
