// `npm start`: the whole stack for a person, until Ctrl-C. State is kept in .galaxy/ and found again.
import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BaseError } from '../protocol/errors.ts'
import { ports } from './origins.ts'
import { root } from './processes.ts'
import { startStack } from './stack.ts'

const usage = `usage: npm start -- [options]
  --cert FILE --key FILE   serve over HTTPS with this PEM certificate, as other devices need it
  --host NAME              name or address under which this machine is reached (localhost)
  --fresh                  forget the chain, the relay's store and everything else of earlier starts`

try {
  await start()
} catch (cause) {
  const sentence = cause instanceof BaseError ? `${cause.message}\n${cause.advice}` : String(cause)
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

async function start(): Promise<void> {
  const { cert, key, host, fresh } = options()
  const folder = join(root, '.galaxy')
  if (fresh) rmSync(folder, { recursive: true, force: true })
  const found = existsSync(join(folder, 'deployment.json'))

  // Before the first part starts, so that no signal finds a half-started stack without an ending.
  const ending = Promise.withResolvers<string>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => ending.resolve(signal))

  const stack = await startStack({
    folder,
    ports,
    host,
    tls: cert !== undefined && key !== undefined ? { cert: resolve(cert), key: resolve(key) } : undefined,
    say: (line) => process.stdout.write(`${line}\n`),
  })
  process.stdout.write(
    `\nGalaxy is at ${stack.appUrl}\n` +
      `${found ? 'The state of the last start was found again (--fresh forgets it).' : 'This is a new chain.'} ` +
      `Logs are in ${stack.logs}. Ctrl-C stops everything.\n`,
  )
  await ending.promise
  process.stdout.write('\nstopping\n')
  await stack.stop()
  process.exit(0)
}

function options(): { cert?: string; key?: string; host?: string; fresh: boolean } {
  let values
  try {
    values = parseArgs({
      options: {
        cert: { type: 'string' },
        key: { type: 'string' },
        host: { type: 'string' },
        fresh: { type: 'boolean', default: false },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
  if ((values.cert === undefined) !== (values.key === undefined)) {
    throw new UsageError('--cert and --key go together.')
  }
  if (values.host !== undefined && values.cert === undefined) {
    throw new UsageError('Browsers keep keys and GPUs from plain HTTP, so --host needs --cert and --key.')
  }
  return values
}

export class UsageError extends BaseError {
  override readonly name = 'Start.UsageError'
  constructor(message: string) {
    super({ message, advice: usage })
  }
}
