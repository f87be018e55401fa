// What the endpoints of a chain say alike. All that answer have to agree, and where there are two or more, two have to
// answer: then one alone can delay, but not deceive.
import type { GetLogsReturnType, PublicClient } from 'viem'
import type { Address, Hex } from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'

type Range = { readonly address: Address; readonly fromBlock: bigint; readonly toBlock: bigint }
type Logs = GetLogsReturnType

export type Witnesses = {
  /** Number of the newest block of the endpoint that is furthest behind. */
  lowest(): Promise<number>
  /** Its time is in Unix seconds. */
  block(number: number): Promise<{ readonly number: number; readonly time: number; readonly hash: Hex }>
  logs(range: Range): Promise<Logs>
}

export function of(endpoints: readonly PublicClient[]): Witnesses {
  async function answered<answer>(
    ask: (endpoint: PublicClient) => Promise<answer>,
  ): Promise<readonly [answer, ...answer[]]> {
    const answers = await Promise.allSettled(endpoints.map(ask))
    const [first, ...others] = answers.filter((each) => each.status === 'fulfilled').map(({ value }) => value)
    if (first === undefined || 1 + others.length < Math.min(2, endpoints.length))
      throw answers.find((each) => each.status === 'rejected')?.reason
    return [first, ...others]
  }

  async function agreed<answer>(
    ask: (endpoint: PublicClient) => Promise<answer>,
    nameOf: (answer: answer) => string,
  ): Promise<answer> {
    const given = await answered(ask)
    if (new Set(given.map(nameOf)).size > 1) throw new DisputedError()
    return given[0]
  }

  return {
    async lowest() {
      const heads = await answered((endpoint) => endpoint.getBlockNumber({ cacheTime: 0 }))
      return Math.min(...heads.map(Number))
    },
    async block(number) {
      const { timestamp, hash } = await agreed(
        (endpoint) => endpoint.getBlock({ blockNumber: BigInt(number) }),
        (block) => `${block.hash}:${block.timestamp}`,
      )
      return { number, time: Number(timestamp), hash }
    },
    logs: (range) =>
      agreed(
        (endpoint) => endpoint.getLogs(range),
        (logs) => logs.map(nameOfLog).join(),
      ),
  }
}

/** All of a log that counts: another story could be told under the right block's hash. */
function nameOfLog(log: Logs[number]): string {
  const { blockNumber, blockHash, transactionHash, logIndex, topics, data } = log
  return [blockNumber, blockHash, transactionHash, logIndex, ...topics, data].join(':')
}

/** Name of the problem that is over once the endpoints agree. */
export const disputed = 'Witnesses.DisputedError'

export class DisputedError extends BaseError {
  override readonly name = disputed
  constructor() {
    super({
      message: 'The endpoints of the chain tell different things.',
      advice:
        'They are asked again every second. If this stays, one of them is wrong: change the configuration.',
      safe: 'Nothing is given away before they agree.',
    })
  }
}
