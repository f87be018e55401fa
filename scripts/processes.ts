// Child processes of the local stack: logged to files, waited for by what they say or answer, ended as whole groups.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BaseError } from '../protocol/errors.ts'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export type Process = {
  readonly name: string
  readonly log: string
  /** The first line of output that matches, from now or from before. */
  line(pattern: RegExp, seconds: number): Promise<RegExpMatchArray>
  /** Ends the whole group, lets it write its state first; resolves when it is gone. */
  stop(): Promise<void>
  /** Ends the whole group at once, as a crash would. */
  kill(): Promise<void>
  /** Resolves when it is gone, whoever ended it. */
  readonly gone: Promise<void>
  running(): boolean
}

export type Command = {
  readonly name: string
  readonly command: string
  readonly parameters: readonly string[]
  /** Folder of `<name>.log`. */
  readonly logs: string
  readonly env?: Record<string, string>
}

/** Starts a command on a leash: it ends with this process, even when this process is killed. */
export function start({ name, command, parameters, logs, env }: Command): Process {
  mkdirSync(logs, { recursive: true })
  const log = join(logs, `${name}.log`)
  const file = createWriteStream(log)
  const child = spawn(process.execPath, [join(root, 'scripts/leash.mjs'), command, ...parameters], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  })
  let group: number | undefined
  child.once('message', (pid) => (group = Number(pid)))
  let text = ''
  const watchers = new Set<() => void>()
  const heard = (chunk: Buffer) => {
    if (!file.writableEnded) file.write(chunk)
    text = (text + chunk.toString()).slice(-200_000)
    for (const watcher of watchers) watcher()
  }
  child.stdout?.on('data', heard)
  child.stderr?.on('data', heard)
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      file.end()
      for (const watcher of watchers) watcher()
      resolve()
    })
  })
  const running = () => child.exitCode === null && child.signalCode === null

  return {
    name,
    log,
    gone,
    running,
    line: (pattern, seconds) =>
      new Promise((resolve, reject) => {
        const settle = () => {
          const match = pattern.exec(text)
          if (match === null && running()) return
          clearTimeout(timer)
          watchers.delete(settle)
          if (match !== null) resolve(match)
          else reject(new EndedError(name, text, log))
        }
        const timer = setTimeout(() => {
          watchers.delete(settle)
          reject(new SilentError(name, seconds, text, log))
        }, seconds * 1000)
        watchers.add(settle)
        settle()
      }),
    stop: async () => {
      if (child.connected) child.disconnect()
      await gone
    },
    kill: async () => {
      if (group !== undefined && running()) process.kill(-group, 'SIGKILL')
      await gone
    },
  }
}

/** Resolves with what `attempt` returns once it stops throwing; throws its last error after `seconds`. */
export async function until<value>(
  attempt: () => Promise<value>,
  seconds: number,
  stillPossible: () => boolean = () => true,
): Promise<value> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    try {
      return await attempt()
    } catch (cause) {
      if (Date.now() > deadline || !stillPossible()) throw cause
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}

export function portIsTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

export class EndedError extends BaseError {
  override readonly name = 'Processes.EndedError'
  constructor(name: string, text: string, log: string) {
    super({
      message: `${name} ended before it was ready. It last said: ${tail(text)}`,
      advice: `Its whole output is in ${log}.`,
    })
  }
}

export class SilentError extends BaseError {
  override readonly name = 'Processes.SilentError'
  constructor(name: string, seconds: number, text: string, log: string) {
    super({
      message: `${name} was not ready after ${seconds} seconds. It last said: ${tail(text)}`,
      advice: `Its whole output is in ${log}.`,
    })
  }
}

function tail(text: string): string {
  return text.trim().split('\n').slice(-5).join(' | ') || 'nothing'
}
