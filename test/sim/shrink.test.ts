// A failing run becomes small and stays the same failure.
import { describe, expect, test } from 'vitest'
import type { Cut } from './cut.ts'
import * as Shrink from './shrink.ts'

const whole = { datas: 40, computes: 7, rounds: 5, adversaries: [0, 1, 2] }
const struck = Array.from({ length: 300 }, (_, at) => `${at % 3 === 0 ? 'loss' : 'slow'} ${at}`)

/** Fails while there are seven data providers, the second adversary and these two faults. */
function attempt({ datas, adversaries, only }: Cut): Shrink.Attempt {
  const strikes = struck.filter((fault) => only?.includes(fault) ?? true)
  const isBroken =
    datas >= 7 &&
    adversaries?.includes(1) === true &&
    ['loss 42', 'slow 200'].every((fault) => strikes.includes(fault))
  return { breach: isBroken ? `I5: round ${datas} is too near another` : undefined, struck: strikes }
}

describe('a planted failure', () => {
  const shrunk = Shrink.shrink(whole, attempt, 400)

  test('loses whatever it does not need', () => {
    expect(shrunk?.cut).toMatchObject({ datas: 7, computes: 3, rounds: 1, adversaries: [1] })
    expect(shrunk?.cut.only?.toSorted()).toEqual(['loss 42', 'slow 200'])
    expect(shrunk?.breach).toBe('I5: round 7 is too near another')
  })

  test('is found within the runs that it may take', () => {
    expect(shrunk?.runs).toBeLessThanOrEqual(400)
    expect(Shrink.shrink(whole, attempt, 10)?.runs).toBeLessThanOrEqual(10)
  })
})

test('a run that fails in another way is not taken for the same', () => {
  const other = (cut: Cut): Shrink.Attempt => ({
    ...{ breach: cut.datas < 40 ? 'I9: something else' : 'I5: too near', struck: [] },
  })
  expect(Shrink.shrink(whole, other)?.cut.datas).toBe(40)
})

test('a run that does not fail is not shrunk', () => {
  expect(Shrink.shrink(whole, () => ({ breach: undefined, struck: [] }))).toBeUndefined()
})

test('failures are the same by their law, or by their words without figures', () => {
  expect(Shrink.lawOf('I5: round 3 is too near another')).toBe('I5')
  expect(Shrink.lawOf('nobody has 0xab12 of 7')).toBe(Shrink.lawOf('nobody has 0xff of 12'))
})
