import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import * as Processes from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'galaxy-processes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const idle = `console.log('pid ' + process.pid); setInterval(() => undefined, 1000)`

function start(name: string, code: string): Processes.Process {
  return Processes.start({ name, command: process.execPath, parameters: ['-e', code], logs: folder })
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a stopped process is gone, and its starter knows', async () => {
  const started = start('stopped', idle)
  const pid = Number((await started.line(/pid (\d+)/, 30))[1])
  expect(alive(pid)).toBe(true)
  await started.stop()
  expect(started.running()).toBe(false)
  await vi.waitUntil(() => !alive(pid), { timeout: 10_000 })
})

test('a killed process has no time to say goodbye', async () => {
  const started = start('killed', `process.on('SIGINT', () => console.log('goodbye')); ${idle}`)
  const pid = Number((await started.line(/pid (\d+)/, 30))[1])
  await started.kill()
  await vi.waitUntil(() => !alive(pid), { timeout: 10_000 })
  await expect(started.line(/goodbye/, 1)).rejects.toThrow(Processes.EndedError)
})

test('a process that ends early is reported with its last words', async () => {
  const started = start('early', `console.log('no such market'); process.exit(2)`)
  await expect(started.line(/listening/, 30)).rejects.toThrow(/no such market/)
})

test('a silent process is given up', async () => {
  const started = start('silent', idle)
  await expect(started.line(/listening/, 0.2)).rejects.toThrow(Processes.SilentError)
  await started.stop()
})

test('nothing outlives a starter that was killed', async () => {
  const script = join(folder, 'starter.ts')
  const module = JSON.stringify(join(Processes.root, 'scripts/processes.ts'))
  writeFileSync(
    script,
    `import * as Processes from ${module}
     const command = { name: 'orphan', command: process.execPath, logs: ${JSON.stringify(folder)} }
     const started = Processes.start({ ...command, parameters: ['-e', ${JSON.stringify(idle)}] })
     console.log((await started.line(/pid (\\d+)/, 30))[0])`,
  )
  const starter = spawn(process.execPath, [script])
  let said = ''
  starter.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await vi.waitUntil(() => said.includes('pid'), { timeout: 30_000 })
  const pid = Number(/pid (\d+)/.exec(said)?.[1])
  expect(alive(pid)).toBe(true)
  starter.kill('SIGKILL')
  await vi.waitUntil(() => !alive(pid), { timeout: 15_000 })
})
