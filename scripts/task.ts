// `npm run task -- show ID`: a task's whole life and what everyone is owed, from the market's events alone.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { createPublicClient, http, numberToHex } from 'viem'
import * as Codec from '../protocol/codec.ts'
import { BaseError } from '../protocol/errors.ts'
import * as History from '../protocol/history.ts'
import * as Market from '../protocol/market.ts'
import * as Origins from './origins.ts'
import { root } from './processes.ts'
import * as TaskReport from './taskReport.ts'

const usage = `usage: npm run task -- show ID [options]
  --rpc URL         the chain; by default the one of npm start (${Origins.rpc})
  --market 0x…      the market's address; by default the one that npm start deployed
  --from-block N    the block from which events are read; by default that of the deployment, or 0
  --json            everything as JSON, amounts as decimal strings`

export type Source = {
  readonly rpc: string
  readonly market: Codec.Address
  readonly fromBlock: number
  /** What the chain must be, where that is known. */
  readonly chainId?: number
}

/** Reads everything that a market told about one task. */
export async function read(source: Source, task: Codec.Hex): Promise<TaskReport.Told> {
  const { rpc, market, fromBlock } = source
  const chain = createPublicClient({ transport: http(rpc, { retryCount: 1 }) })
  const asked = async <answer>(question: Promise<answer>): Promise<answer> =>
    question.catch((cause: unknown) => {
      throw new ChainError(rpc, cause)
    })
  const chainId = await asked(chain.getChainId())
  if (source.chainId !== undefined && source.chainId !== chainId)
    throw new WrongChainError(`it is chain ${chainId}, the deployment is on chain ${source.chainId}`, rpc)
  if ((await asked(chain.getCode({ address: market }))) === undefined)
    throw new WrongChainError(`there is no contract at ${market}`, rpc)
  const head = Number(await asked(chain.getBlockNumber()))

  /** Some endpoints refuse long ranges: these are asked in halves. */
  const logsIn = async (from: number, to: number): Promise<readonly Market.Event[]> => {
    try {
      const range = { fromBlock: numberToHex(from), toBlock: numberToHex(to) }
      const logs = await chain.request({
        method: 'eth_getLogs',
        params: [{ address: market, topics: [null, task], ...range }],
      })
      return logs.flatMap(({ topics, data, blockNumber, logIndex, transactionHash }) => {
        if (blockNumber === null || logIndex === null || transactionHash === null) return []
        const place = { blockNumber: BigInt(blockNumber), logIndex: Number(logIndex), transactionHash }
        return Market.parseLog({ topics, data, ...place }) ?? []
      })
    } catch (cause) {
      const middle = Math.floor((from + to) / 2)
      if (to - from < 500) throw new ChainError(rpc, cause)
      return [...(await logsIn(from, middle)), ...(await logsIn(middle + 1, to))]
    }
  }
  const history = History.of(await logsIn(Math.min(fromBlock, head), head), task)
  const blocks = [...new Set(history.events.map(({ block }) => block))]
  const times = await Promise.all(
    blocks.map(async (block) => {
      const { timestamp } = await asked(chain.getBlock({ blockNumber: BigInt(block) }))
      return [block, Number(timestamp)] as const
    }),
  )
  return { history, times: new Map(times) }
}

type Request = { readonly source: Source; readonly task: Codec.Hex; readonly json: boolean }

const blockNumber = v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'expected a block number'), v.transform(Number))
const deployment = v.object({ chainId: Codec.count, market: Codec.address, deployBlock: Codec.count })

function request(words: readonly string[]): Request {
  let parsed
  try {
    parsed = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        rpc: { type: 'string' },
        market: { type: 'string' },
        'from-block': { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
  const { positionals, values } = parsed
  const [verb, id, ...more] = positionals
  if (verb !== 'show')
    throw new UsageError(verb === undefined ? 'Nothing was asked.' : `“${verb}” is unknown.`)
  if (id === undefined || more.length > 0) throw new UsageError('One task’s id is expected after “show”.')
  if (!/^0x[0-9a-f]{64}$/i.test(id)) throw new IdError(id)
  const task = Codec.parse(Codec.digest32, id.toLowerCase(), 'task id')
  const known = values.market === undefined ? deployed() : undefined
  const from = values['from-block']
  const fromBlock = from === undefined ? known?.deployBlock : Codec.parse(blockNumber, from, '--from-block')
  const market = known?.market ?? Codec.parse(Codec.address, values.market, '--market')
  const source = { rpc: values.rpc ?? Origins.rpc, market, fromBlock: fromBlock ?? 0 }
  return {
    source: known === undefined ? source : { ...source, chainId: known.chainId },
    task,
    json: values.json,
  }
}

function deployed(): v.InferOutput<typeof deployment> {
  const file = join(root, '.galaxy', 'deployment.json')
  if (!existsSync(file))
    throw new UsageError('There is no stack of npm start here: name the market by --market.')
  return Codec.parse(deployment, JSON.parse(readFileSync(file, 'utf8')), 'deployment')
}

class UsageError extends BaseError {
  override readonly name = 'Task.UsageError'
  constructor(message: string) {
    super({ message, advice: usage })
  }
}

class IdError extends BaseError {
  override readonly name = 'Task.IdError'
  constructor(id: string) {
    super({
      message: `${id} is no task id.`,
      advice:
        'An id is 0x and 64 hexadecimal digits, as the task’s screen and the event TaskCreated show it.',
    })
  }
}

class WrongChainError extends BaseError {
  override readonly name = 'Task.WrongChainError'
  constructor(what: string, rpc: string) {
    super({
      message: `${rpc} is not the chain of this market: ${what}.`,
      advice: 'Name the right chain by --rpc, or the market’s address on this one by --market.',
    })
  }
}

class ChainError extends BaseError {
  override readonly name = 'Task.ChainError'
  constructor(rpc: string, cause: unknown) {
    super({
      message: `The chain at ${rpc} did not answer.`,
      advice: 'Start the local one by npm start, or name another by --rpc.',
      cause,
    })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { source, task, json } = request(process.argv.slice(2))
    const told = await read(source, task)
    process.stdout.write(json ? TaskReport.json(told) : TaskReport.text(told))
  } catch (cause) {
    const sentence = cause instanceof BaseError ? `${cause.message}\n${cause.advice}` : String(cause)
    process.stderr.write(`${sentence}\n`)
    process.exitCode = 1
  }
}
