// Why a participant is owed what it is: a sentence for each part of its amount, for screens and terminals alike.
import type { Due, History } from './history.ts'
import type { Parts } from './payout.ts'

export type Reason = { readonly part: keyof Parts; readonly amount: bigint; readonly because: string }

/** `money` writes token base units as people read them. At least one reason is given, of zero where nothing is owed. */
export function of(history: History, due: Due, money: (units: bigint) => string): readonly Reason[] {
  const because = sentences(history, due, money)
  const kinds: readonly (keyof Parts)[] =
    due.role === 'data' ? ['floor', 'share'] : due.role === 'compute' ? ['pay', 'jobs', 'bond'] : ['refund']
  const reasons = kinds.map((part) => ({ part, amount: due.parts[part], because: because[part] }))
  const owed = reasons.filter(({ amount }) => amount > 0n)
  return owed.length > 0 ? owed : reasons.slice(0, 1)
}

function sentences(
  history: History,
  due: Due,
  money: (units: bigint) => string,
): { readonly [part in keyof Parts]: string } {
  const { terms, datas, computes, settlement, guilty } = history
  const data = due.role === 'data' ? datas[due.index] : undefined
  const compute = due.role === 'compute' ? computes[due.index - datas.length] : undefined
  const paid = Math.min(due.work, terms.paidRounds)
  const counted = Math.min(data?.samples ?? 0, terms.sampleCap)
  const taken = due.isSlashed ? ', which it lost to the model provider by signing what is false' : ''
  const { adding, signing, jobs } = due.units
  const price = `at ${money(compute?.price ?? 0n)} per million`
  const isPunished = settlement?.punished ?? guilty
  return {
    floor: `${paid} of ${terms.paidRounds} paid rounds delivered, at a floor of ${money(data?.floor ?? 0n)}`,
    share: `its part of the rest of the data pool${isPunished ? ' and of the model provider’s bond' : ''}: ${counted} samples counted in ${due.work} rounds, by the ${terms.plan} plan`,
    pay: `${adding} compute units for adding and ${signing} for signing, ${price}${taken}`,
    jobs: `${jobs} compute units of jobs, ${price}${taken}`,
    bond: due.isAbsent ? 'its seat is absent and locked no bond' : `its bond${taken}`,
    refund: isPunished
      ? 'what is left of pools and bonds; its own bond went to the data providers'
      : 'what is left of pools and bonds after everyone else',
  }
}
