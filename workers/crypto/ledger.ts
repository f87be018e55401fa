// The privacy ledger: per data set, into which rounds it gave an update, and how many its owner allows. Nothing here
// lowers a count. A data set is named by its origin, the data signature of its first version: all versions share one.
import type { Hex } from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'
import type { Place } from '../../protocol/masks.ts'
import type { Openings } from './api.ts'
import * as Records from './records.ts'
import type { Entry, Safe } from './safe.ts'

/** Openings of a data set whose owner set no limit. */
export const usualLimit = 200

/** What the owner of a data set is told of it. */
export async function of(origin: Hex, safe: Safe): Promise<Openings> {
  const { limit, spent, held } = await read(origin, safe)
  const tasks = new Map<Hex, number>()
  for (const name of spent) {
    const task = taskOf(name)
    tasks.set(task, (tasks.get(task) ?? 0) + 1)
  }
  return {
    spent: spent.size,
    held: held.size,
    limit,
    tasks: [...tasks].map(([task, openings]) => ({ task, openings })),
  }
}

/**
 * Keeps room for one opening until it is spent or the round is forgotten; room that is kept for other rounds is not
 * given twice. Once the limit is spent, room that was kept is worth nothing: it may have been lowered meanwhile.
 */
export async function hold(place: Place, origin: Hex, safe: Safe): Promise<void> {
  await exclusively(origin, async () => {
    const { limit, spent, held } = await read(origin, safe)
    const name = nameOf(place)
    if (spent.has(name)) return
    const taken = held.has(name) ? spent.size : spent.size + held.size
    if (taken >= limit) throw new LimitError(taken, limit)
    if (held.has(name)) return
    await safe.create([{ id: Records.held.id(origin, ...pathOf(place)), bytes: mark }])
  })
}

/** Counts the opening in the very write that `store` makes of the update, so that neither is there without the other. */
export async function spend<stored>(
  place: Place,
  origin: Hex,
  safe: Safe,
  store: (counted: Entry) => Promise<stored>,
): Promise<stored> {
  return exclusively(origin, async () => {
    const { limit, spent } = await read(origin, safe)
    if (!spent.has(nameOf(place)) && spent.size >= limit) throw new LimitError(spent.size, limit)
    const stored = await store({ id: Records.spent.id(origin, ...pathOf(place)), bytes: mark })
    await safe.remove([Records.held.id(origin, ...pathOf(place))])
    return stored
  })
}

/** Gives up room kept for a round, or for all of a task. What was spent stays. */
export async function release(task: Hex, round: number | undefined, safe: Safe): Promise<void> {
  const ids = await safe.ids(Records.held.prefix)
  const isOver = (id: string): boolean =>
    round === undefined ? id.includes(`/${task}/`) : id.endsWith(`/${task}/${round}`)
  await safe.remove(ids.filter(isOver))
}

/** From what its owner saw to what its owner wants; refused where it is another by now. */
export async function setLimit(origin: Hex, from: number, to: number, safe: Safe): Promise<Openings> {
  const bytes = Records.limits.encode({ limit: to })
  // Decoding refuses what is not a count before it is stored.
  Records.limits.decode(bytes)
  await exclusively(origin, async () => {
    const limit = await limitOf(origin, safe)
    if (limit !== from) throw new ChangedError(limit)
    await safe.replace({ id: Records.limits.id(origin), bytes })
  })
  return of(origin, safe)
}

/** Rounds by name; those that are spent are not among those held. */
async function read(
  origin: Hex,
  safe: Safe,
): Promise<{
  readonly limit: number
  readonly spent: ReadonlySet<string>
  readonly held: ReadonlySet<string>
}> {
  const names = async ({ id }: typeof Records.spent): Promise<readonly string[]> => {
    const prefix = `${id(origin)}/`
    return (await safe.ids(prefix)).map((each) => each.slice(prefix.length))
  }
  const spent = new Set(await names(Records.spent))
  const held = new Set((await names(Records.held)).filter((name) => !spent.has(name)))
  return { limit: await limitOf(origin, safe), spent, held }
}

async function limitOf(origin: Hex, safe: Safe): Promise<number> {
  const stored = await safe.get(Records.limits.id(origin))
  return stored === undefined ? usualLimit : Records.limits.decode(stored).limit
}

const mark = Records.spent.encode({})

function pathOf({ chainId, market, task, round }: Place): [number, Hex, Hex, number] {
  return [chainId, market, task, round]
}

function nameOf(place: Place): string {
  return pathOf(place).join('/')
}

function taskOf(name: string): Hex {
  const [, , task = ''] = name.split('/')
  return `0x${task.slice(2)}`
}

/** One at a time over all tabs of this origin: two rounds cannot take the last opening both. */
async function exclusively<value>(origin: Hex, work: () => Promise<value>): Promise<value> {
  return await navigator.locks.request(`galaxy openings ${origin}`, work)
}

export class LimitError extends BaseError {
  override readonly name = 'Ledger.LimitError'
  constructor(taken: number, limit: number) {
    super({
      message: `This data set has no opening left (${taken} of ${limit} spent or kept for rounds under way).`,
      advice:
        'Nothing has to be done: rounds go on without this device. Raise the limit of the data set only if you want to give more.',
      safe: 'No update was made in this round, and what you earned in others stays yours.',
    })
  }
}

export class ChangedError extends BaseError {
  override readonly name = 'Ledger.ChangedError'
  constructor(limit: number) {
    super({
      message: `The limit was changed meanwhile: it is ${limit} now.`,
      advice: 'Look at it again, and change it from there.',
      safe: 'Nothing was changed.',
    })
  }
}
