// Runs tools one after another and says, line by line, how each went.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from './processes.ts'

export type Step = {
  readonly name: string
  readonly command: readonly string[]
  readonly env?: Record<string, string>
}

export type Outcome = {
  readonly name: string
  readonly ok: boolean
  readonly output: string
  readonly seconds: number
}

/** Runs one step quietly; its output is shown only when it failed. */
export async function run(step: Step): Promise<Outcome> {
  const began = performance.now()
  const { code, output } = await execute(step)
  const seconds = (performance.now() - began) / 1000
  const ok = code === 0
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${step.name} (${seconds.toFixed(1)} s)\n`)
  if (!ok) process.stdout.write(`${indent(output)}\n`)
  return { name: step.name, ok, output, seconds }
}

/** Runs steps with at most `width` at a time; the slowest first keep the cores busy. */
export async function runAll(steps: readonly Step[], width: number): Promise<readonly Outcome[]> {
  const waiting = [...steps]
  const outcomes: Outcome[] = []
  const work = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
      outcomes.push(await run(step))
  }
  await Promise.all(Array.from({ length: width }, work))
  return outcomes
}

/** The path of a package's own script, run by this Node whatever stands on the PATH. */
export function tool(path: string, ...parameters: readonly string[]): readonly string[] {
  return [process.execPath, join(root, 'node_modules', path), ...parameters]
}

function execute({ command, env }: Step): Promise<{ code: number; output: string }> {
  const [program = '', ...parameters] = command
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const heard = (chunk: Buffer) => (output += chunk.toString())
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .slice(-200)
    .map((line) => `       ${line}`)
    .join('\n')
}
