// Parties that stop answering: what a stranger can do about it, and what each of them is left with.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import * as Market from '../../protocol/market.ts'
import * as Books from './books.ts'
import * as Cast from './cast.ts'
import * as Play from './play.ts'
import * as Stage from './stage.ts'

const { model, computes, stranger } = Cast.players

let stage: Stage.Stage

beforeAll(async () => {
  stage = await Stage.open()
})
beforeEach(() => stage.rewind())
afterAll(() => stage.close())

test('a vanished model provider: a stranger settles, and its bond joins the data pool', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  await play.commit({ round: 1 })
  await play.commit({ round: 2 })
  const running = await Books.page(stage, 'running')
  expect(await stage.refusal(stranger, play.settleCall([]))).toContain('TooEarly')

  await stage.pass(play.terms.idleWindow + 1)
  expect(await stage.refusal(stranger, play.settleCall([[1, 1]]))).toEqual(['UtilityCountInvalid', 1n, 0n])
  await play.settle(stranger, [])
  expect(await stage.refusal(model, play.settleCall([[1, 1]]))).toContain('WrongState')
  await play.claim()
  const after = await Books.page(stage, 'claimed')
  Books.print('A model provider that vanishes after two rounds', [before, running, after])
  expect(play.events.find(({ name }) => name === 'TaskSettled')).toMatchObject({ punished: true })
  expect(Books.changes(before, after)).toEqual(play.owed())
  expect(after.escrow).toBe(0n)
})

test('a compute provider absent from the start: it keeps its deposit and has no say', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage, { absent: [3] })
  expect(play.events.at(-1)).toMatchObject({ name: 'TaskStarted', absent: 0b1000 })
  const withIt = await play.make({ round: 1, signers: [1, 2, 3] })
  expect(await stage.refusal(stranger, play.commitCall(withIt.commitment))).toEqual([
    'SignerExcluded',
    0b1110,
    0b1000,
  ])
  await play.commit({ round: 1 })
  const running = await Books.page(stage, 'running')
  expect(running.balances.get('compute provider 3')?.deposit).toBe(Cast.computeBond)

  await play.settle(model, [[6, 2]])
  await play.claim()
  const absent = computes[3]
  if (absent === undefined) throw new Error('there are four compute providers')
  await stage.send(absent, Market.withdraw(stage.market, stage.token, Cast.computeBond))
  const after = await Books.page(stage, 'claimed')
  Books.print('Compute provider 3 does not show up', [before, running, after])
  const changes = Books.changes(before, after)
  expect(changes).toEqual(play.owed())
  expect(changes).not.toHaveProperty('compute provider 3')
})

test('a compute provider that stops signing: it is paid for what it did, and keeps its bond', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  await play.commit({ round: 1, signers: [0, 1, 2, 3] })
  const first = play.owed()
  await play.commit({ round: 2, signers: [1, 2, 3] })
  await play.commit({ round: 3, signers: [2, 1, 3] })
  const running = await Books.page(stage, 'running')
  await play.settle(model, [[6, 2]])
  await play.claim()
  const after = await Books.page(stage, 'claimed')
  Books.print('Compute provider 0 stops signing after round 1', [before, running, after])
  const changes = Books.changes(before, after)
  expect(changes).toEqual(play.owed())
  expect(changes['compute provider 0']).toBe(first['compute provider 0'])
  expect(changes['compute provider 0']).toBeGreaterThan(0n)
})

test('a committee below its threshold before any round: a stranger ends the task, and all is free again', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  const two = await play.make({ round: 1, signers: [0, 1] })
  expect(await stage.refusal(stranger, play.commitCall(two.commitment))).toEqual(['TooFewSigners', 2n, 3])
  const running = await Books.page(stage, 'running')
  expect(await stage.refusal(stranger, play.expireCall())).toContain('TooEarly')
  await stage.pass(play.terms.idleWindow + 1)
  await play.send(stranger, play.expireCall())
  const after = await Books.page(stage, 'expired')
  Books.print('Two of four compute providers never sign', [before, running, after])
  expect(Books.changes(before, after)).toEqual({})
  expect(play.owed()).toEqual({})
  expect(after.escrow).toBe(0n)
})

test('data providers that vanish: each is paid for what it delivered, opened or not', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  await play.commit({ round: 1 })
  // Six leaves a cohort that is still large enough; zero leaves one that is not opened any more.
  await play.commit({ round: 2, silent: [6] })
  await play.commit({ round: 3, silent: [0, 6] })
  const running = await Books.page(stage, 'running')
  await play.settle(model, [[10, 10]])
  await play.claim()
  const after = await Books.page(stage, 'claimed')
  Books.print('Data provider 6 vanishes after round 1, data provider 0 after round 2', [
    before,
    running,
    after,
  ])
  const changes = Books.changes(before, after)
  expect(changes).toEqual(play.owed())
  const work = Object.fromEntries(
    Cast.parties.datas.map(({ floor }, seat) => [
      seat,
      { floor, change: changes[`data provider ${seat}`] ?? 0n },
    ]),
  )
  expect(work[6]?.change).toBeGreaterThan((work[6]?.floor ?? 0n) / 4n)
  expect(work[6]?.change).toBeLessThan(work[5]?.change ?? 0n)
  for (const seat of [1, 2]) expect(work[seat]?.change).toBeGreaterThan(((work[seat]?.floor ?? 0n) * 3n) / 4n)
})
