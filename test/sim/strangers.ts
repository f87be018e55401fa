// Those outside: who shows that a key said two things, who shows what convicts nobody (A7), and who ends a task that
// everybody left.
import type { Address } from '../../protocol/codec.ts'
import * as Once from '../../protocol/once.ts'
import * as Payout from '../../protocol/payout.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Terms from '../../protocol/terms.ts'
import type { Blocks } from './blocks.ts'
import type { Faults } from './faults.ts'
import type * as Market from './market.ts'
import type { Prove } from './market.ts'
import type { World } from './world.ts'

export type Strangers = {
  /** The task started. */
  started(state: Market.Task): void
  /** A round was committed. */
  committed(state: Market.Task): void
  /** What anyone may do for a task that everybody left; false while it is too early. */
  end(state: Market.Task): boolean
}

type Statements = Prove['statements']

export function watch(
  world: Pick<World, 'clock' | 'luck' | 'tally' | 'keys' | 'place' | 'task' | 'digest' | 'network'>,
  options: {
    readonly blocks: Blocks
    readonly faults: Faults
    readonly terms: Terms.Terms
    /** These are corrupted from now on. */
    readonly corrupt: (account: Address) => void
  },
): Strangers {
  const { clock, luck, tally, keys, place, task, digest, network } = world
  const { blocks, faults, terms, corrupt } = options
  const from = keys.address('stranger')
  let isFraming = false

  function statementsBy(
    key: Address,
    kind: 'opening' | 'record',
    round: number,
    texts: readonly [string, string],
  ): Statements {
    const say = (text: string) => {
      const statement = digest(text)
      return { statement, signature: keys.sign(key, Once.digest(place, task, kind, round, statement)) }
    }
    return [say(texts[0]), say(texts[1])]
  }

  function show(
    state: Market.Task,
    round: number,
    seat: number | undefined,
    statements: Statements,
    done: (refusal: string) => void,
  ): void {
    const { computes, datas } = state
    blocks.submit({ from, call: { name: 'prove', terms, computes, datas, round, seat, statements }, done })
  }

  /** Shows that one key said two things about one round: again later where it is too early. */
  function accuse(state: Market.Task, seat: number | undefined): void {
    const member = seat === undefined ? undefined : state.computes[seat]
    const key = seat === undefined ? terms.opener : member?.device
    const kind = seat === undefined ? 'opening' : 'record'
    const round = luck.whole(1, terms.maxRounds)
    const texts = [`one by ${key}`, `another by ${key}`] as const
    const statements = statementsBy(key ?? terms.opener, kind, round, texts)
    clock.in(luck.between(20, 400), () => {
      if (member !== undefined) corrupt(member.account)
      show(state, round, seat, statements, (refusal) => {
        tally.fault(refusal === '' ? `two ${kind}s shown` : `refused: ${refusal}`)
        if (refusal === 'NoRounds') accuse(state, seat)
      })
    })
  }

  /** Shows what a stranger signed as a member's. */
  function frame(state: Market.Task): void {
    const seat = luck.whole(0, state.computes.length - 1)
    const statements = statementsBy(from, 'record', 1, ['one', 'another'])
    tally.adversary('A7 framing: showed statements of another key')
    clock.in(luck.between(20, 400), () => {
      show(state, 1, seat, statements, () => undefined)
    })
  }

  /** Shows what members did sign: about two rounds as if about one, or one of it twice. */
  function frameByOwnWords(state: Market.Task): void {
    const rounds = state.rounds.map(({ round }) => round)
    const signed = rounds.flatMap((round) => network.heard('recordSigned', round))
    if (signed.length === 0) return
    const { sender } = luck.pick(signed)
    const seat = state.computes.findIndex(({ account }) => account === sender)
    const [first, second] = signed
      .filter((message) => message.sender === sender)
      .map(({ body, once, round }) => ({ statement: body.record, signature: once ?? '0x', round }) as const)
      .toReversed()
    if (seat === -1 || first === undefined) return
    const isOne = second === undefined || luck.odds(0.3)
    tally.adversary(
      `A7 framing: showed ${isOne ? 'one statement twice' : 'statements of two rounds as of one'}`,
    )
    const shown = luck.pick([first, second ?? first])
    show(state, shown.round, seat, [first, isOne ? first : second], () => undefined)
  }

  return {
    started: (state) => {
      if (faults.strikes('twoOpenings')) accuse(state, undefined)
      state.computes.forEach((_, seat) => {
        if (faults.strikes('twoRecords')) accuse(state, seat)
      })
      isFraming = faults.strikes('frames')
      if (isFraming) frame(state)
    },
    committed: (state) => {
      if (isFraming) frameByOwnWords(state)
    },
    end: (state) => {
      if (clock.now() <= state.deadline) return false
      blocks.submit({ from, call: wayOut(state, terms), done: () => undefined })
      return true
    },
  }
}

function wayOut(state: Market.Task, terms: Terms.Terms): Effect.Call {
  const { computes, datas, rounds, payout } = state
  if (state.state === 'open') return { name: 'cancel', terms }
  if (state.state === 'running' && rounds.length === 0) return { name: 'expire', terms, computes, datas }
  if (state.state === 'running' || state.state === 'faulted')
    return { name: 'settle', terms, parties: { computes, datas }, rounds, utilities: [] }
  const due = payout?.leaves.filter(
    ({ index, amount }) => amount > 0n && !((state.claimed >> BigInt(index)) & 1n),
  )
  const indices = (due ?? []).map(({ index }) => index)
  return { name: 'claim', terms, claims: Payout.claims(terms.token, payout?.leaves ?? [], indices) }
}
