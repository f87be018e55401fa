// Settlements drawn anew on each run, computed by TypeScript and again by Solidity (C17). A failure names its seed and
// the command that replays it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Address } from '../../protocol/codec.ts'
import * as Exchange from '../history/exchange.ts'
import * as Settlements from './settlements.ts'

const market: Address = '0x00000000000000000000000000000000006a1a01'
const count = Exchange.count(Exchange.isDeep ? 5_000 : 200)

test(`${count} random settlements have the same root in both languages`, async () => {
  const first = Exchange.seed()
  const { folder, close } = Exchange.open()
  try {
    const kinds = new Set<string>()
    for (let seed = first; seed < first + count; seed++) {
      const { plan, scores, punished } = Settlements.kindOf(seed)
      kinds.add(`${plan} ${scores} ${punished}`)
      writeFileSync(join(folder, `${seed}.json`), JSON.stringify(Settlements.draw(seed, market)))
    }
    if (count >= 60) expect(kinds.size).toBe(24)
    await Exchange.forge('Recompute', {
      GALAXY_FOLDER: folder,
      GALAXY_SEED: String(first),
      GALAXY_COUNT: String(count),
      GALAXY_MARKET: market,
    })
    process.stdout.write(`       ${count} settlements from seed ${first} agree\n`)
  } catch (cause) {
    const failing = Number(/seed (\d+):/.exec(String(cause))?.[1] ?? first)
    const command = Exchange.replay('test/vectors/random.test.ts', failing)
    throw new Error(`Replay by: ${command}`, { cause })
  } finally {
    close()
  }
}, 1_800_000)
