import { expect, test } from 'vitest'
import * as Relay from './relay.ts'
import * as Topic from './topic.ts'

const place = { chainId: 31337, market: `0x${'ab'.repeat(20)}` } as const
const task = `0x${'01'.repeat(32)}` as const

test('exports', () => {
  expect(Object.keys(Topic)).toMatchInlineSnapshot(`
    [
      "market",
      "task",
    ]
  `)
})

test('a topic is one that relays keep', () => {
  expect(Relay.isTopicOf(place, Topic.market(place))).toBe(true)
  expect(Relay.isTopicOf(place, Topic.task(place, task))).toBe(true)
})

test('a topic of another chain is not kept', () => {
  expect(Relay.isTopicOf(place, Topic.market({ ...place, chainId: 1 }))).toBe(false)
})
