// The file that contracts/test/exchange/Chronicle.t.sol writes of one life: all logs of the market, then the chain's word.
import { decodeAbiParameters } from 'viem'
import * as Abi from '../../protocol/abi.ts'
import * as Codec from '../../protocol/codec.ts'
import * as Market from '../../protocol/market.ts'

export type Balance = {
  readonly token: Codec.Address
  readonly account: Codec.Address
  readonly tokens: bigint
  readonly deposit: bigint
}

type Task = ReturnType<typeof taskOf>

export type Chronicle = {
  readonly market: Codec.Address
  readonly events: readonly Market.Event[]
  readonly tasks: readonly Task[]
  readonly balances: readonly Balance[]
}

export function parse(text: string): Chronicle {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => {
      const [kind = '', hex = ''] = line.split(' ')
      return { kind, data: `0x${hex.slice(2)}` as const }
    })
  const of = (kind: string) => lines.filter((line) => line.kind === kind).map(({ data }) => data)
  const [market] = of('market').map((data) => decodeAbiParameters([{ type: 'address' }], data)[0])
  return {
    market: lowered(market),
    events: of('log').flatMap((data, at) => {
      const [topics, body] = decodeAbiParameters([{ type: 'bytes32[]' }, { type: 'bytes' }], data)
      const place = { blockNumber: BigInt(at), logIndex: 0, transactionHash: '0x' as const }
      return Market.parseLog({ topics, data: body, ...place }) ?? []
    }),
    tasks: of('task').map(taskOf),
    balances: of('balance').map((data) => {
      const types = [
        { type: 'address' },
        { type: 'address' },
        { type: 'uint256' },
        { type: 'uint256' },
      ] as const
      const [token, account, tokens, deposit] = decodeAbiParameters(types, data)
      return { token: lowered(token), account: lowered(account), tokens, deposit }
    }),
  }
}

/** The id, and the five slots that the market keeps. */
function taskOf(data: Codec.Hex) {
  const found = Abi.market.find((item) => item.type === 'function' && item.name === 'task')
  if (found === undefined) throw new Error('the market has no task()')
  const [id, slots] = decodeAbiParameters([{ type: 'bytes32' }, ...found.outputs], data)
  return { id, ...slots }
}

function lowered(account: unknown): Codec.Address {
  return Codec.parse(Codec.address, account, 'account')
}
