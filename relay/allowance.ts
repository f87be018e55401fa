// What a sponsored call may cost, and whom it counts against. Both by its calldata: what a peer says of it is its word.
import type * as Codec from '../protocol/codec.ts'
import type * as Market from '../protocol/market.ts'
import type * as Relay from '../protocol/relay.ts'

export type Decoded = Extract<
  ReturnType<typeof Market.decodeCall>,
  { readonly functionName: Relay.Sponsored }
>

/**
 * Most gas for a call: about twice what an honest one takes (contracts/snapshots), by the size of its task. A deposit or
 * withdrawal may run code of its account, which could burn whatever it is given.
 */
export function gas(call: Decoded): bigint {
  switch (call.functionName) {
    case 'depositFor':
    case 'withdrawFor':
      return 200_000n
    case 'cancel':
      return 300_000n
    case 'expire':
      return 300_000n + 50_000n * BigInt(call.args[1].length)
    case 'commitRound':
      return 300_000n + 20_000n * BigInt(call.args[1].length)
    case 'prove':
      return 3_000_000n
    case 'claim':
      return 150_000n + 60_000n * BigInt(call.args[1].length)
    case 'settle': {
      const [, { computes, datas }, tallies] = call.args
      const seats = BigInt(computes.length + datas.length)
      const rounds = BigInt(tallies.length)
      return 400_000n + 12_000n * seats + 5_000n * rounds + 600n * seats * rounds
    }
    default:
      return call satisfies never
  }
}

/** Whose money a call moves, where it names one account; what ends or goes on with a task is nobody's in particular. */
export function beneficiary(call: Decoded): Codec.Address | undefined {
  switch (call.functionName) {
    case 'depositFor':
    case 'withdrawFor':
      return call.args[1]
    case 'claim': {
      const [first, ...rest] = new Set(call.args[1].map(({ payee }) => payee))
      return rest.length === 0 ? first : undefined
    }
    case 'cancel':
    case 'expire':
    case 'commitRound':
    case 'prove':
    case 'settle':
      return undefined
    default:
      return call satisfies never
  }
}
