// Whom a draw has to suspect, written apart from the roles' own rule: backwards from the draw, provider by provider.
import type { Address } from '../../protocol/codec.ts'
import type * as Message from '../../protocol/message.ts'
import type * as Record from '../../protocol/record.ts'
import type { Task } from './market.ts'

export function of(
  { datas, terms }: Task,
  /** Rounds before the one whose commit fixed the draw. */
  records: readonly Record.Body[],
  /** What that one was opened with. */
  opening: Message.Of<'roundOpened'>['body'] | undefined,
): ReadonlyMap<Address, number> {
  const epochOf = ({ round }: Record.Body) => Math.floor((round - 1) / terms.roundsPerEpoch)
  const epochs = [...new Set(records.map(epochOf))].toSorted((a, b) => b - a)
  return new Map(
    datas.map(({ account }, seat) => {
      const isIn = (bits: bigint) => (bits & (1n << BigInt(seat))) !== 0n
      let running = 0
      for (const epoch of epochs) {
        const sums = records
          .filter((record) => epochOf(record) === epoch)
          .flatMap(({ round, cohorts, survivors }) =>
            cohorts
              .map((cohort, at) => ({
                cohort,
                sum: cohort & survivors,
                isDiscarded: opening?.discarded.some(
                  (each) => each.round === round && each.cohorts.includes(at),
                ),
              }))
              .filter(({ sum }) => sum !== 0n),
          )
        if (sums.some(({ cohort, isDiscarded }) => isDiscarded === true && isIn(cohort))) running += 1
        else if (sums.some(({ sum }) => isIn(sum))) break
      }
      return [account, running]
    }),
  )
}
