// Every template learns from data of its kind in one round, by either build of the kernels alike.
import { expect, test } from 'vitest'
import * as Shares from '../scripts/demo/shares.ts'
import * as Learning from './learning.ts'
import * as Node from './tensors.ts'

const kernels = await Node.kernels()

/** What the kernels that are the same everywhere learn, and the fastest ones within 0.3 points. */
async function learned(lesson: Learning.Lesson) {
  const strict = await Learning.learn(Node.engine('strict'), kernels, lesson)
  const { accuracy } = await Learning.learn(Node.engine('relaxed'), kernels, lesson)
  expect(Math.abs(accuracy - strict.accuracy)).toBeLessThanOrEqual(0.3)
  return strict
}

test.each(['softmax', 'mlp'] as const)('%s tells species by their measures', async (template) => {
  expect((await learned(Learning.flowers(template))).accuracy).toBeGreaterThan(95)
})

test('a sequence network tells activities by motion, of which the mean says nothing', async () => {
  const motion = Learning.motion()
  expect((await learned(motion)).accuracy).toBeGreaterThan(93)
  expect((await learned(await Learning.meansOf(motion))).accuracy).toBeLessThan(45)
})

test('a convolutional network reads digits, and a head on one for 0 to 4 reads 5 to 9', async () => {
  const all = Shares.test()
  const whole = Learning.digits(all, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect((await learned(whole)).accuracy).toBeGreaterThan(94)
  const low = Learning.digits(all, [0, 1, 2, 3, 4])
  const { weights } = await Learning.learn(Node.engine('strict'), kernels, low)
  const head = Learning.onto(Learning.digits(all, [5, 6, 7, 8, 9]), weights, low)
  expect((await learned(head)).accuracy).toBeGreaterThan(80)
})
