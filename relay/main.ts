// `node relay/main.ts`: reads flags, runs one relay until it is told to stop, prints its addresses one a line.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as Codec from '../protocol/codec.ts'
import { BaseError } from '../protocol/errors.ts'
import type { Options } from './options.ts'

const usage = `usage: node relay/main.ts --chain-id N --market ADDRESS [options]
  --host ADDRESS    where to listen (127.0.0.1)
  --port N          0 takes a free port (8082)
  --data FOLDER     key, messages and blocks (.galaxy/relay)
  --rpc URL         chain endpoint for sponsoring; needs --token and the environment variable SPONSOR_KEY
  --token ADDRESS   the only token of sponsored calls; what the faucet gives
  --faucet          test chains only: give ether and test tokens to whoever asks
  --cert FILE, --key FILE   PEM files: listen for secure WebSockets
  --peer MULTIADDR  another relay of the market; may be repeated`

class UsageError extends BaseError {
  override readonly name = 'Main.UsageError'
  constructor(message: string) {
    super({ message, advice: usage })
  }
}

function parse() {
  return parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8082' },
      data: { type: 'string', default: '.galaxy/relay' },
      rpc: { type: 'string' },
      market: { type: 'string' },
      token: { type: 'string' },
      'chain-id': { type: 'string' },
      faucet: { type: 'boolean', default: false },
      cert: { type: 'string' },
      key: { type: 'string' },
      peer: { type: 'string', multiple: true, default: [] },
    },
  }).values
}

function read(): Options {
  let values: ReturnType<typeof parse>
  try {
    values = parse()
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
  const sponsorKey = process.env['SPONSOR_KEY']
  if (values.rpc !== undefined && values.token === undefined) throw new UsageError('--rpc needs --token')
  if (values.rpc !== undefined && sponsorKey === undefined) throw new UsageError('--rpc needs SPONSOR_KEY')
  if (values.faucet && values.token === undefined) throw new UsageError('--faucet needs --token')
  if ((values.cert === undefined) !== (values.key === undefined))
    throw new UsageError('--cert and --key go together')
  return {
    host: values.host,
    port: integer('--port', values.port),
    folder: values.data,
    chainId: integer('--chain-id', values['chain-id']),
    market: Codec.parse(Codec.address, values.market ?? '', '--market'),
    peers: values.peer,
    log: (line) => console.error(line),
    ...(values.rpc !== undefined && values.token !== undefined && sponsorKey !== undefined
      ? {
          chain: {
            rpc: values.rpc,
            sponsorKey: Codec.parse(Codec.digest32, sponsorKey, 'SPONSOR_KEY'),
            token: Codec.parse(Codec.address, values.token, '--token'),
            ...(values.faucet ? { faucet: { wei: 10n ** 18n, tokens: 10n ** 24n } } : {}),
          },
        }
      : {}),
    ...(values.cert !== undefined && values.key !== undefined
      ? { tls: { cert: readFileSync(values.cert, 'utf8'), key: readFileSync(values.key, 'utf8') } }
      : {}),
  }
}

function integer(flag: string, text: string | undefined): number {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) throw new UsageError(`${flag} needs a number`)
  return Number(text)
}

try {
  const options = read()
  // Loaded when the flags are known to be right, so that a wrong one is told at once.
  const { createRelay } = await import('./relay.ts')
  const relay = await createRelay(options)
  for (const address of relay.multiaddrs) console.log(`listening on ${address}`)
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      void relay.stop().then(() => process.exit(0))
    })
  }
} catch (error) {
  console.error(error instanceof BaseError ? `${error.message}\n${error.advice}` : error)
  process.exitCode = 1
}
