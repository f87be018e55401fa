// The whole thing on one machine: chain, contracts, relay, and both origins served. Used by start, demo and tests alike.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BaseError } from '../protocol/errors.ts'
import * as Config from '../protocol/config.ts'
import * as Build from './build.ts'
import * as Chain from './chain.ts'
import * as Deploy from './deploy.ts'
import { ports as fixedPorts } from './origins.ts'
import * as Processes from './processes.ts'
import * as Serve from './serve.ts'

export type Options = {
  /** Where state and logs are kept; a temporary folder, removed at the end, when undefined. */
  readonly folder?: string
  /** Those of `npm start`; free ones when undefined. */
  readonly ports?: Ports
  /** Interface and public name; loopback and `localhost` when undefined. */
  readonly host?: string | undefined
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly say?: (line: string) => void
}

export type Ports = typeof fixedPorts

export type Stack = {
  readonly appUrl: string
  readonly vaultUrl: string
  readonly rpcUrl: string
  readonly config: Config.Config
  /** Folder of `anvil.log` and `relay.log`. */
  readonly logs: string
  readonly chain: Part
  readonly relay: Part
  stop(): Promise<void>
}

/** A process of the stack that tests may crash and bring back. */
export type Part = { kill(): Promise<void>; restart(): Promise<void> }

export async function startStack(options: Options = {}): Promise<Stack> {
  const say = options.say ?? (() => undefined)
  const ports = options.ports ?? (await freePorts())
  for (const [name, port] of Object.entries(ports)) {
    if (await Processes.portIsTaken(port)) throw new PortTakenError(name, port)
  }
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'galaxy-'))
  const logs = join(folder, 'logs')
  mkdirSync(logs, { recursive: true })
  const endings: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of endings.splice(0).reverse()) await end().catch((cause: unknown) => say(String(cause)))
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
  try {
    return await assemble(options, ports, folder, logs, say, endings, stop)
  } catch (cause) {
    const kept = existsSync(logs) ? readLogs(logs) : ''
    await stop()
    if (kept !== '') say(kept)
    throw cause
  }
}

async function assemble(
  options: Options,
  ports: Ports,
  folder: string,
  logs: string,
  say: (line: string) => void,
  endings: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Stack> {
  Build.build(say)

  say('starting the chain')
  let chain = await Chain.startChain(folder, ports.chain, logs)
  endings.push(() => chain.process.stop())
  const deployment = await deployOnce(folder, chain, say)

  say('starting the relay')
  const secure = options.tls !== undefined
  const host = options.host === undefined ? 'localhost' : options.host
  const relayOptions = { folder, logs, port: ports.relay, chain, deployment, options }
  let relay = await startRelay(relayOptions)
  endings.push(() => relay.process.stop())

  const scheme = secure ? 'https' : 'http'
  const appUrl = `${scheme}://${host}:${ports.app}`
  const vaultUrl = `${scheme}://${host}:${ports.vault}`
  const config = Config.parse(
    JSON.stringify({
      chainId: chain.chainId,
      market: deployment.market,
      token: deployment.token,
      deployBlock: deployment.deployBlock,
      confirmations: 0,
      rpc: ['/rpc'],
      relays: [relay.multiaddr],
      vaultOrigin: vaultUrl,
      local: true,
    }),
  )
  const configuration = join(folder, 'galaxy.json')
  writeFileSync(configuration, JSON.stringify(config, undefined, 2))

  say('serving the app and the vault')
  const serving = await Serve.serve({
    appOrigin: appUrl,
    vaultOrigin: vaultUrl,
    relayOrigins: Config.relayOrigins(config),
    appPort: ports.app,
    vaultPort: ports.vault,
    host: options.host === undefined ? undefined : '0.0.0.0',
    rpc: chain.rpc,
    configuration,
    tls: options.tls,
  })
  endings.push(() => serving.stop())

  return {
    appUrl,
    vaultUrl,
    rpcUrl: chain.rpc,
    config,
    logs,
    chain: {
      kill: () => chain.process.kill(),
      restart: async () => {
        await chain.process.stop()
        chain = await Chain.startChain(folder, ports.chain, logs)
      },
    },
    relay: {
      kill: () => relay.process.kill(),
      restart: async () => {
        await relay.process.stop()
        relay = await startRelay(relayOptions)
      },
    },
    stop,
  }
}

/** Deploys unless this folder's chain already has the contracts. */
async function deployOnce(
  folder: string,
  chain: Chain.Chain,
  say: (line: string) => void,
): Promise<Deploy.Deployed> {
  const path = join(folder, 'deployment.json')
  if (existsSync(path)) {
    const known = JSON.parse(readFileSync(path, 'utf8')) as Deploy.Deployed
    if (await Chain.hasCode(chain.rpc, known.market)) return known
  }
  say('deploying the contracts')
  const deployed = await Deploy.deploy({ rpcUrl: chain.rpc, key: Chain.sponsorKey })
  writeFileSync(path, JSON.stringify(deployed, undefined, 2))
  return deployed
}

type RelayOptions = {
  readonly folder: string
  readonly logs: string
  readonly port: number
  readonly chain: Chain.Chain
  readonly deployment: Deploy.Deployed
  readonly options: Options
}

/** Started as its own process, so that it can be killed without the rest. */
async function startRelay({ folder, logs, port, chain, deployment, options }: RelayOptions): Promise<Relay> {
  const { host, tls } = options
  const relay = Processes.start({
    name: 'relay',
    command: process.execPath,
    parameters: [
      join(Processes.root, 'relay/main.ts'),
      ...['--host', host === undefined ? '127.0.0.1' : '0.0.0.0', '--port', String(port)],
      ...['--data', join(folder, 'relay'), '--rpc', chain.rpc, '--chain-id', String(chain.chainId)],
      ...['--market', deployment.market, '--token', deployment.token, '--faucet'],
      ...(tls === undefined ? [] : ['--cert', tls.cert, '--key', tls.key]),
    ],
    logs,
    env: { SPONSOR_KEY: Chain.sponsorKey },
  })
  const [, peer = ''] = await relay.line(/listening on \S+\/p2p\/(\w+)/, 60)
  const place = host === undefined ? 'ip4/127.0.0.1' : isIPv4(host) ? `ip4/${host}` : `dns4/${host}`
  return {
    process: relay,
    multiaddr: `/${place}/tcp/${port}/${tls === undefined ? 'ws' : 'tls/ws'}/p2p/${peer}`,
  }
}

type Relay = { readonly process: Processes.Process; readonly multiaddr: string }

async function freePorts(): Promise<Ports> {
  const [app, vault, relay, chain] = await Promise.all([
    Processes.freePort(),
    Processes.freePort(),
    Processes.freePort(),
    Processes.freePort(),
  ])
  return { app, vault, relay, chain }
}

function readLogs(folder: string): string {
  return readdirSync(folder)
    .map((name) => {
      const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
      return [`--- last lines of ${name}`, ...lines.slice(-30)].join('\n')
    })
    .join('\n')
}

export class PortTakenError extends BaseError {
  override readonly name = 'Stack.PortTakenError'
  constructor(name: string, port: number) {
    super({
      message: `Port ${port}, which the ${name} needs, is taken.`,
      advice: 'Stop what listens there (perhaps another `npm start`), then try again.',
    })
  }
}
