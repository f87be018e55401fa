// `npm run check`: formatting, lints, types, borders, dead code, sizes, contracts and the generated ABI; no warnings.
import { build } from './build.ts'
import * as Foundry from './foundry.ts'
import * as Steps from './steps.ts'
import { tool } from './steps.ts'

const folders = ['protocol', 'workers', 'workers/frame', 'relay', 'scripts', 'test']
const sources = ['protocol', 'workers', 'web', 'relay', 'scripts', 'test', 'vite.config.ts']

export const quick: readonly Steps.Step[] = [
  { name: 'formatting', command: tool('prettier/bin/prettier.cjs', '--check', '.') },
  ...folders.map((folder) => ({
    name: `types of ${folder}`,
    command: tool('typescript/bin/tsc', '-p', folder),
  })),
  {
    name: 'types of web',
    command: tool('svelte-check/bin/svelte-check', '--tsconfig', 'web/tsconfig.json', '--fail-on-warnings'),
  },
]

const thorough: readonly Steps.Step[] = [
  { name: 'lints', command: tool('eslint/bin/eslint.js', '--max-warnings', '0', '.') },
  ...quick,
  {
    name: 'borders',
    command: tool(
      'dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      '.dependency-cruiser.cjs',
      ...sources,
    ),
  },
  { name: 'dead code', command: tool('knip/bin/knip.js', '--treat-config-hints-as-errors') },
  { name: 'sizes', command: tool('size-limit/bin.js') },
  { name: 'formatting of contracts', command: [Foundry.forge(), 'fmt', '--check'] },
  { name: 'lints of contracts', command: [Foundry.forge(), 'lint', '--deny', 'warnings'] },
  { name: 'generated ABI', command: [process.execPath, 'scripts/abi.ts', '--check'] },
]

if (import.meta.main) {
  const { failed } = await check()
  process.stdout.write(failed === 0 ? 'check: all clean\n' : `check: ${failed} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
}

/** Runs everything, `width` steps at a time; counts them. */
export async function check(width = 2): Promise<{ readonly passed: number; readonly failed: number }> {
  try {
    build((line) => process.stdout.write(`${line}\n`))
  } catch (cause) {
    process.stdout.write(`FAILED build: ${cause instanceof Error ? cause.message : String(cause)}\n`)
    return { passed: 0, failed: 1 }
  }
  const outcomes = await Steps.runAll(thorough, width)
  const passed = outcomes.filter(({ ok }) => ok).length
  return { passed, failed: outcomes.length - passed }
}
