// `npm run test:mutants`: makes small mistakes in the contracts, one at a time, and counts those that the tests notice.
//   --count N  how many mistakes, 200 unless told; --seed N  which ones
//   --only ID  that one alone, even where it is listed as equivalent; --list  prints all there could be, tests none
// Mistakes that change nothing anyone can see are explained in test/mutants/equivalent.json.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import * as Codec from '../protocol/codec.ts'
import { BaseError } from '../protocol/errors.ts'
import * as Compiler from './mutants/compiler.ts'
import * as Operators from './mutants/operators.ts'
import * as Project from './mutants/project.ts'
import { root } from './processes.ts'

/** Per cent of the mistakes that matter which tests must notice. */
const least = 95
const workers = 2
/** Without behaviour of ours. */
const spared = ['IMarket.sol', 'TestToken.sol']
const list = 'test/mutants/equivalent.json'

const equivalents = v.array(
  v.strictObject({ id: v.string(), was: v.string(), becomes: v.string(), why: v.string() }),
)
const whole = v.pipe(v.string(), v.regex(/^\d+$/, 'expected a whole number'), v.transform(Number))

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '200' },
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
})
const seed = Codec.parse(whole, values.seed, '--seed')
const count = Codec.parse(whole, values.count, '--count')

const all = candidates()

function candidates(): readonly Operators.Mutant[] {
  const files = readdirSync(join(root, 'contracts')).filter(
    (file) => file.endsWith('.sol') && !spared.includes(file),
  )
  const sources = Compiler.sourcesOf(files.map((file) => `contracts/${file}`))
  const trees = Compiler.trees(sources)
  return files.sort().flatMap((file) => {
    const path = `contracts/${file}`
    const [source, tree] = [sources.get(path), trees.get(path)]
    return source === undefined || tree === undefined ? [] : Operators.mutantsOf(file, source, tree)
  })
}

/** True where enough of them were noticed. */
async function run(folder: string): Promise<boolean> {
  const known = Codec.parse(equivalents, JSON.parse(readFileSync(join(root, list), 'utf8')), list)
  const named = values.only === undefined ? undefined : all.filter(({ id }) => id === values.only)
  if (named?.length === 0) throw new UnknownError(values.only ?? '')
  const stale = known.filter(({ id }) => !all.some((mutant) => mutant.id === id))
  for (const { id, was } of stale) say(`${list} explains ${id}, which is no more: ${was}`)

  const projects = await prepare(folder)
  const waiting = named?.values() ?? Operators.picked(all, seed)
  const wanted = Math.min(count, named?.length ?? all.length)
  const tally = { killed: 0, survived: 0, equivalent: 0 }
  const done = () => tally.killed + tally.survived + tally.equivalent
  let running = 0

  const work = async (project: Project.Project) => {
    while (done() + running < wanted) {
      const next = waiting.next()
      if (next.done === true) return
      const mutant = next.value
      const explained = named === undefined ? known.find(({ id }) => id === mutant.id) : undefined
      if (explained !== undefined) {
        tally.equivalent += 1
        say(`equivalent ${done()}/${wanted} ${described(mutant)}\n             ${explained.why}`)
        continue
      }
      running += 1
      const began = performance.now()
      const verdict = await project.test(mutant)
      running -= 1
      const seconds = `${((performance.now() - began) / 1000).toFixed(1)} s`
      if (verdict.kind === 'invalid') continue
      tally[verdict.kind] += 1
      say(
        verdict.kind === 'killed'
          ? `killed     ${done()}/${wanted} ${mutant.id} by ${verdict.by} (${seconds})`
          : `SURVIVED   ${done()}/${wanted} ${described(mutant)} (${seconds})`,
      )
    }
  }
  await Promise.all(projects.map(work))

  const judged = tally.killed + tally.survived
  const share = judged === 0 ? 100 : (100 * tally.killed) / judged
  say(`killed ${tally.killed} of ${done()} (${tally.equivalent} equivalent), ${share.toFixed(1)} %`)
  return share >= least && stale.length === 0
}

/** As many copies as there are workers; the contracts as they are must pass in them. */
async function prepare(folder: string): Promise<readonly Project.Project[]> {
  const began = performance.now()
  const first = Project.create(join(folder, '0'), seed)
  const verdict = await first.test()
  if (verdict.kind !== 'survived') throw new BaselineError(verdict)
  const others = Array.from({ length: workers - 1 }, (_, index) =>
    Project.copy(first, join(folder, String(index + 1)), seed),
  )
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  say(`${all.length} mutants possible; without any, all tests pass (${seconds} s)`)
  return [first, ...others]
}

function described({ id, file, line, was, becomes }: Operators.Mutant): string {
  return `${id} contracts/${file}:${line}\n  - ${was}\n  + ${becomes}`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

export class BaselineError extends BaseError {
  override readonly name = 'Mutants.BaselineError'
  constructor(verdict: Project.Verdict) {
    const failed = verdict.kind === 'killed' ? verdict.by : verdict.kind === 'invalid' ? verdict.said : ''
    super({
      message: `Without any mistake the contracts fail: ${failed.trim()}`,
      advice: 'Make forge test succeed first.',
    })
  }
}

export class UnknownError extends BaseError {
  override readonly name = 'Mutants.UnknownError'
  constructor(id: string) {
    super({ message: `There is no mutant ${id}.`, advice: 'Look for its new name with --list.' })
  }
}

if (values.list) {
  for (const mutant of all) say(described(mutant))
  say(`${all.length} mutants`)
} else {
  const folder = mkdtempSync(join(tmpdir(), 'galaxy-mutants-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  process.exitCode = (await run(folder)) ? 0 : 1
}
