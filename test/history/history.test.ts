// What `npm run task -- show` tells of a task is what the chain says: 1,000 random lives by the handlers of the
// invariants, rebuilt from the market's logs alone. A failure names its seed and the command that replays it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as Exchange from './exchange.ts'
import * as Chronicle from './chronicle.ts'
import * as Retold from './retold.ts'

const wanted = Exchange.count(Exchange.isDeep ? 10_000 : 1_000)
/** Lives of all scenes that one run of forge writes down. */
const batch = Exchange.count(170)
const file = 'test/history/history.test.ts'

test(`${wanted} random tasks are told from their events as the chain has them`, async () => {
  const first = Exchange.seed()
  const { folder, close } = Exchange.open()
  const seen = new Map<string, number>()
  let tasks = 0
  let seed = first
  try {
    for (let from = first; tasks < wanted; from += batch) {
      seed = from
      await Exchange.forge('Chronicle', {
        GALAXY_FOLDER: folder,
        GALAXY_SEED: String(from),
        GALAXY_COUNT: String(batch),
      })
      for (; seed < from + batch; seed++) {
        const told = Chronicle.parse(readFileSync(join(folder, `${seed}.txt`), 'utf8'))
        for (const kind of Retold.compare(told)) seen.set(kind, (seen.get(kind) ?? 0) + 1)
        tasks += told.tasks.length
      }
    }
  } catch (cause) {
    throw new Error(`Replay by: ${Exchange.replay(file, seed)}`, { cause })
  } finally {
    close()
  }
  const kinds = [...seen].toSorted().map(([kind, times]) => `${times} ${kind}`)
  process.stdout.write(`       ${tasks} tasks from seed ${first}: ${kinds.join(', ')}\n`)
  if (wanted >= 200) for (const kind of Retold.kinds) expect(seen.get(kind), kind).toBeGreaterThan(0)
}, 1_800_000)
