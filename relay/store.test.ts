// The store alone: cursors, pins shared by tasks, and what a sweep leaves.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Store from './store.ts'

let folder: string
let store: Store.Store

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'galaxy-store-'))
  store = Store.open(folder)
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true })
})

const digest = (byte: number) => new Uint8Array(32).fill(byte)
const day = 86_400

test('cursors grow, also after the newest message is gone and the file is opened again', () => {
  const first = store.addMessage('a', digest(1), digest(1)).cursor
  const second = store.addMessage('b', digest(1), digest(1)).cursor
  expect(second).toBeGreaterThan(first)
  store.dropOldestMessages('b', 1)
  store.close()
  store = Store.open(folder)
  expect(store.addMessage('b', digest(2), digest(2)).cursor).toBeGreaterThan(second)
})

test('a sweep forgets what is past its lifetime and keeps the rest', () => {
  const now = Math.floor(Date.now() / 1000)
  store.addMessage('a', digest(1), digest(1))
  store.addBlock(digest(1), digest(1), now)
  store.addBlock(digest(2), digest(2), now)
  store.pin('task', digest(1), 32, now + day)

  store.sweep(now + 700, day)
  expect(store.messageCount()).toBe(1)
  expect(store.blockBytes(digest(1))).toBe(32)
  expect(store.blockBytes(digest(2))).toBeUndefined()

  store.sweep(now + day + 700, day)
  expect(store.messageCount()).toBe(0)
  expect(store.blockBytes(digest(1))).toBeUndefined()
  expect(store.pinnedBytes()).toBe(0)
})

test('a block stays as long as any task pins it', () => {
  const now = Math.floor(Date.now() / 1000)
  store.addBlock(digest(1), digest(1), now)
  store.pin('short', digest(1), 32, now + 60)
  store.pin('long', digest(1), 32, now + day)
  store.pin('long', digest(1), 32, now + 60)
  expect([store.pinnedBytes(), store.pinnedBytes('long')]).toEqual([64, 32])
  store.sweep(now + 3_600, 30 * day)
  expect(store.isPinned('short', digest(1))).toBe(false)
  expect(store.blockBytes(digest(1))).toBe(32)
})
