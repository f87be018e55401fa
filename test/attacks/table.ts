// The figures of the attacks, kept with the tests that saw them and printed at the end of `npm run attacks`.
import type { TaskMeta } from 'vitest'
import type { Reporter, TestModule } from 'vitest/node'

export type Row = {
  readonly attack: string
  /** What it reaches against the product. */
  readonly with: string
  /** What it reaches where the defence is taken away; a dash where there is none to take away. */
  readonly without: string
}

declare module 'vitest' {
  interface TaskMeta {
    attacks?: Row[]
  }
}

/** Adds a row under the test's own name for it. */
export function tell({ meta }: { readonly meta: TaskMeta }, row: Row): void {
  meta.attacks = [...(meta.attacks ?? []), row]
}

/**
 * Prints the rows of all tests, file by file.
 *
 * @public vitest loads it by its path.
 */
export default class Table implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = modules
      .toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1))
      .flatMap((module) => [...module.children.allTests()].flatMap((test) => test.meta().attacks ?? []))
    const heads: Row = { attack: 'attack', with: 'as it runs', without: 'with the defence removed' }
    const widest = (of: (row: Row) => string) => Math.max(...[heads, ...rows].map((row) => of(row).length))
    const [first, second] = [widest(({ attack }) => attack), widest((row) => row.with)]
    const lines = [heads, ...rows].map(
      (row) => `${row.attack.padEnd(first)}  ${row.with.padEnd(second)}  ${row.without}`,
    )
    process.stdout.write(`\n${lines.join('\n')}\n`)
  }
}
