// Who signs two things about one round is proven to by those who hear both; who signs none, is proven nothing. Replay
// one with: vitest run --project sim test/sim/liars.test.ts -t 'seed N'
import { expect, test } from 'vitest'
import * as Record from '../../protocol/record.ts'
import * as Adversaries from './adversaries/all.ts'
import * as Scenario from './scenario.ts'
import * as World from './world.ts'

/** Calls that show evidence, and what became of them. */
function proofs({ chain }: World.Outcome) {
  return chain.ran.flatMap(({ call, refusal }) =>
    call.name.startsWith('prove') ? [{ name: call.name, refusal }] : [],
  )
}

function liedTo(name: string): World.Outcome {
  const adversaries = Adversaries.all.filter((adversary) => adversary.name === name)
  return World.run({ ...Scenario.from(15, { datas: 6, computes: 4 }), adversaries })
}

test('two records cost a member its seat, by one proof among them all', () => {
  const outcome = liedTo('A4 two records')
  const told = outcome.chain.events.filter(({ name }) => name === 'Slashed')
  expect(told).toHaveLength(1)
  expect(proofs(outcome)).toEqual([{ name: 'prove', refusal: '' }])
  expect(outcome.state).toBe('settled')
})

test('two openings end the task, by one proof among them all', () => {
  const outcome = liedTo('A2 two openings')
  expect(outcome.chain.events.map(({ name }) => name)).toContain('TaskFaulted')
  expect(proofs(outcome)).toEqual([{ name: 'prove', refusal: '' }])
  expect(outcome.state).toBe('settled')
})

test('members that are enough to commit a wrong sum are all slashed by the one who added it', () => {
  const liar = Adversaries.all.filter(({ name }) => name === 'A4 wrong sum and false attestation')
  // All four are nominated here: there is one who can prove it.
  const scenario = Scenario.from(32, { datas: 6, computes: 4 })
  const { threshold } = scenario.terms
  const adversaries = Array.from({ length: threshold }, () => liar).flat()
  const outcome = World.run({ ...scenario, adversaries })
  expect(threshold).toBe(3)
  const slashed = outcome.chain.events.flatMap((event) => (event.name === 'Slashed' ? [event.seats] : []))
  const convicted = Record.seats(BigInt(slashed.reduce((all, seats) => all | seats, 0)))
  expect(convicted).toHaveLength(3)
  expect(proofs(outcome)).toContainEqual({ name: 'proveSum', refusal: '' })
  expect(outcome.state).toBe('settled')
})

// Crashes, partitions, forks, a storm, a deaf committee.
test.each([6, 7, 8, 9, 10, 21])(
  'seed %i: nobody who is honest is ever accused, whatever goes wrong',
  (seed) => {
    const scenario = Scenario.from(seed, { datas: 6, computes: 4 })
    const outcome = World.run({ ...scenario, adversaries: [], weather: { ...scenario.weather, frames: 0 } })
    expect(proofs(outcome)).toEqual([])
  },
)
