// What a relay remembers, in one SQLite file: messages by topic, blocks by digest, who pinned what, what was sponsored.
// Write-ahead logging makes each call below atomic: a killed process loses no answered request.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type * as Codec from '../protocol/codec.ts'

export type Stored = {
  readonly cursor: number
  readonly digest: Uint8Array<ArrayBuffer>
  readonly message: Uint8Array<ArrayBuffer>
}
export type Transaction = { readonly hash: Codec.Hex; readonly raw: Codec.Hex }
export type Store = ReturnType<typeof open>

const tables = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS messages (
    cursor INTEGER PRIMARY KEY, topic TEXT NOT NULL, digest BLOB NOT NULL, message BLOB NOT NULL,
    UNIQUE (topic, digest));
  CREATE INDEX IF NOT EXISTS messages_by_topic ON messages (topic, cursor);
  CREATE TABLE IF NOT EXISTS blocks (digest BLOB PRIMARY KEY, block BLOB NOT NULL, stored INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS pins (
    task TEXT NOT NULL, digest BLOB NOT NULL, bytes INTEGER NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (task, digest)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS pins_by_digest ON pins (digest);
  CREATE TABLE IF NOT EXISTS transactions (
    key TEXT PRIMARY KEY, hash TEXT NOT NULL, raw TEXT NOT NULL, sent INTEGER NOT NULL) WITHOUT ROWID;
`

/** Opens or creates `relay.db` in a folder; times are Unix seconds. */
export function open(folder: string) {
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(join(folder, 'relay.db'))
  database.exec(tables)
  const prepare = (sql: string) => database.prepare(sql)

  const insertMessage = prepare(
    'INSERT INTO messages (cursor, topic, digest, message) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const findMessage = prepare('SELECT cursor FROM messages WHERE topic = ? AND digest = ?')
  const page = prepare(
    'SELECT cursor, digest, message FROM messages WHERE topic = ? AND cursor > ? ORDER BY cursor LIMIT ?',
  )
  const topicSize = prepare(
    'SELECT count(*) AS messages, coalesce(sum(length(message)), 0) AS bytes FROM messages WHERE topic = ?',
  )
  const dropOldest = prepare(
    'DELETE FROM messages WHERE cursor IN (SELECT cursor FROM messages WHERE topic = ? ORDER BY cursor LIMIT ?)',
  )
  const hasBlock = prepare('SELECT length(block) AS bytes FROM blocks WHERE digest = ?')
  const getBlock = prepare('SELECT block FROM blocks WHERE digest = ?')
  const putBlock = prepare(
    'INSERT INTO blocks (digest, block, stored) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const deleteBlock = prepare('DELETE FROM blocks WHERE digest = ?')
  const putPin = prepare(
    `INSERT INTO pins (task, digest, bytes, until) VALUES (?, ?, ?, ?)
     ON CONFLICT (task, digest) DO UPDATE SET until = max(until, excluded.until)`,
  )
  const hasPin = prepare('SELECT 1 AS found FROM pins WHERE task = ? AND digest = ?')
  const pinnedBytes = prepare('SELECT coalesce(sum(bytes), 0) AS bytes FROM pins')
  const pinnedBytesOf = prepare('SELECT coalesce(sum(bytes), 0) AS bytes FROM pins WHERE task = ?')
  const getTransaction = prepare('SELECT hash, raw FROM transactions WHERE key = ?')
  const putTransaction = prepare(
    'INSERT OR REPLACE INTO transactions (key, hash, raw, sent) VALUES (?, ?, ?, ?)',
  )
  const sweeps = {
    messages: prepare('DELETE FROM messages WHERE cursor < ?'),
    pins: prepare('DELETE FROM pins WHERE until < ?'),
    blocks: prepare('DELETE FROM blocks WHERE stored < ? AND digest NOT IN (SELECT digest FROM pins)'),
    transactions: prepare('DELETE FROM transactions WHERE sent < ?'),
  }
  let lastCursor = Column.integer(
    prepare('SELECT coalesce(max(cursor), 0) AS cursor FROM messages').get(),
    'cursor',
  )

  return {
    /**
     * Cursors are microseconds since 1970, made strictly increasing: they go on growing when a relay loses its
     * file, and those of two relays can be compared to within the difference of their clocks.
     */
    addMessage(topic: string, digest: Uint8Array, message: Uint8Array): { cursor: number; known: boolean } {
      const known = findMessage.get(topic, digest)
      if (known !== undefined) return { cursor: Column.integer(known, 'cursor'), known: true }
      lastCursor = Math.max(lastCursor + 1, Date.now() * 1000)
      insertMessage.run(lastCursor, topic, digest, message)
      return { cursor: lastCursor, known: false }
    },
    messagesAfter(topic: string, after: number, limit: number): readonly Stored[] {
      return page.all(topic, after, limit).map((row) => ({
        cursor: Column.integer(row, 'cursor'),
        digest: Column.blob(row, 'digest'),
        message: Column.blob(row, 'message'),
      }))
    },
    topicSize(topic: string): { messages: number; bytes: number } {
      const row = topicSize.get(topic)
      return { messages: Column.integer(row, 'messages'), bytes: Column.integer(row, 'bytes') }
    },
    dropOldestMessages(topic: string, count: number): void {
      dropOldest.run(topic, count)
    },
    topics(): readonly string[] {
      return prepare('SELECT DISTINCT topic FROM messages')
        .all()
        .map((row) => Column.text(row, 'topic'))
    },
    messageCount(): number {
      return Column.integer(prepare('SELECT count(*) AS messages FROM messages').get(), 'messages')
    },

    /** Size in bytes; undefined when the block is not here. */
    blockBytes(digest: Uint8Array): number | undefined {
      const row = hasBlock.get(digest)
      return row === undefined ? undefined : Column.integer(row, 'bytes')
    },
    block(digest: Uint8Array): Uint8Array | undefined {
      const row = getBlock.get(digest)
      return row === undefined ? undefined : Column.blob(row, 'block')
    },
    addBlock(digest: Uint8Array, block: Uint8Array, now: number): void {
      putBlock.run(digest, block, now)
    },
    removeBlock(digest: Uint8Array): void {
      deleteBlock.run(digest)
    },

    pin(task: string, digest: Uint8Array, bytes: number, until: number): void {
      putPin.run(task, digest, bytes, until)
    },
    isPinned(task: string, digest: Uint8Array): boolean {
      return hasPin.get(task, digest) !== undefined
    },
    /** Of one task, or of all. */
    pinnedBytes(task?: string): number {
      return Column.integer(task === undefined ? pinnedBytes.get() : pinnedBytesOf.get(task), 'bytes')
    },

    transaction(key: string): Transaction | undefined {
      const row = getTransaction.get(key)
      return row === undefined ? undefined : { hash: Column.hex(row, 'hash'), raw: Column.hex(row, 'raw') }
    },
    addTransaction(key: string, transaction: Transaction, now: number): void {
      putTransaction.run(key, transaction.hash, transaction.raw, now)
    },

    /** Forgets what is past its lifetime, and blocks that nobody pinned within ten minutes of their arrival. */
    sweep(now: number, lifetime: number): void {
      sweeps.messages.run((now - lifetime) * 1_000_000)
      sweeps.pins.run(now)
      sweeps.blocks.run(now - 600)
      sweeps.transactions.run(now - lifetime)
    },
    close(): void {
      database.close()
    },
  }
}

type Row = Record<string, SQLOutputValue> | undefined

/** SQLite columns have the types the statements above give them; anything else is a damaged file. */
const Column = {
  integer(row: Row, name: string): number {
    const value = row?.[name]
    if (typeof value !== 'number') throw new TypeError(`relay.db: ${name} is no integer`)
    return value
  },
  text(row: Row, name: string): string {
    const value = row?.[name]
    if (typeof value !== 'string') throw new TypeError(`relay.db: ${name} is no text`)
    return value
  },
  hex(row: Row, name: string): Codec.Hex {
    const [, digits] = /^0x([0-9a-f]*)$/.exec(Column.text(row, name)) ?? []
    if (digits === undefined) throw new TypeError(`relay.db: ${name} is not hexadecimal`)
    return `0x${digits}`
  },
  blob(row: Row, name: string): Uint8Array<ArrayBuffer> {
    const value = row?.[name]
    if (!(value instanceof Uint8Array)) throw new TypeError(`relay.db: ${name} is no blob`)
    return new Uint8Array(value)
  },
}
