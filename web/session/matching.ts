// Turns what the market topic says into offers on the board and requests to this account into roles.
import type { Hex } from '../../protocol/codec.ts'
import type * as Message from '../../protocol/message.ts'
import * as Offer from '../../protocol/offer.ts'
import * as Reliability from '../../protocol/reliability.ts'
import * as ComputeProvider from '../../protocol/roles/computeProvider.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import type * as Event from '../../protocol/roles/event.ts'
import type * as Topic from '../../protocol/topic.ts'
import type { Board } from './board.ts'
import * as Contradictions from './contradictions.ts'
import type { Database } from './database.ts'
import type { Shelf } from './dataSets.ts'
import type { Participations } from './participations.ts'
import * as Privacy from './privacy.ts'
import type { Purse } from './purse.ts'
import type { Records } from './records.ts'
import type { Rules } from './rules.ts'

/** Requests kept until the chain shows their tasks. */
const mostWaiting = 256

export type Matching = {
  hear(message: Message.Message): Promise<void>
  /** Tries requests that waited for the chain to know their task or for its spec to be fetched. */
  look(): Promise<void>
  /** In whose name roles of this device speak. */
  me(): Event.Me
}

export type Options = {
  readonly place: Topic.Place
  readonly database: Database
  readonly board: Board
  readonly purse: Purse
  readonly participations: Participations
  readonly records: Records
  readonly rules: Rules
  readonly shelf: Shelf
  readonly now: () => number
  readonly failed: (thrown: unknown) => void
}

export async function open(options: Options): Promise<Matching> {
  const { place, database, board, purse, participations, records, rules, shelf, now, failed } = options
  const waiting = new Map<Hex, Message.Of<'request'>>()
  for (const { id, message } of await database.requests.toArray()) waiting.set(id, message)
  const specs = new Set<Hex>()
  const firstSeen = new Map<Hex, number>()
  let looking: Promise<void> | undefined

  function me(): Event.Me {
    const { address } = purse.account()
    const { device, box } = purse.keys()
    return { account: address, device, box, payee: address }
  }

  /** Whether the request has to wait. */
  async function answer(message: Message.Of<'request'>): Promise<boolean> {
    const task = board.task(message.task)
    if (task === undefined) return isYoung(message)
    if (message.sender !== task.terms.modelProvider || message.device !== task.terms.opener) return false
    const spec = await board.spec(message.task)
    const common = { me: me(), place, id: task.id, terms: task.terms, spec, request: message }
    const data = board
      .ownData()
      .find(({ signed }) => Offer.dataDigest(place, signed.offer) === message.body.offer)
    if (data !== undefined) {
      const computes = board.computes(now()).map(({ signed }) => signed.offer)
      const { offer } = data.signed
      const dataSet = board.dataSetOf(data.id)
      const ruled = Privacy.within(rules.of('data'), shelf.openings(dataSet), spec)
      const contradicted = Contradictions.of(participations.list().map((entry) => entry.state()))
      const known = { computes, records: Reliability.withContradicted(records.of(), contradicted) }
      const state = DataProvider.create({ ...common, rules: ruled, offer, ...known }, now())
      await participations.add(state, dataSet)
      return false
    }
    const compute = board
      .ownCompute()
      .find(({ signed }) => Offer.computeDigest(place, signed.offer) === message.body.offer)
    if (compute === undefined) return false
    const { offer } = compute.signed
    const state = ComputeProvider.create({ ...common, rules: rules.of('compute'), offer }, now())
    await participations.add(state, undefined)
    return false
  }

  /** Requests for tasks that the chain does not show within an hour are forgotten. */
  function isYoung(message: Message.Of<'request'>): boolean {
    const since = firstSeen.get(message.task) ?? now()
    firstSeen.set(message.task, since)
    return now() - since < 3600
  }

  async function tryWaiting(): Promise<void> {
    for (const [digest, message] of waiting) {
      try {
        if (await answer(message)) continue
      } catch (thrown) {
        failed(thrown)
        continue
      }
      waiting.delete(digest)
      await database.requests.delete(digest)
    }
  }

  /** Specs of tasks that can still start, so that the market shows what they are about. */
  function describe(): void {
    for (const { task, startBy } of board.view(undefined, now()).tasks) {
      if (startBy < now() || specs.has(task)) continue
      specs.add(task)
      board.spec(task).catch(() => specs.delete(task))
    }
  }

  function look(): Promise<void> {
    describe()
    looking ??= tryWaiting().finally(() => (looking = undefined))
    return looking
  }

  return {
    me,
    async hear(message) {
      if (message.kind === 'dataOffer' || message.kind === 'computeOffer') await board.take(message)
      if (message.kind !== 'request' || message.body.to !== purse.account().address) return
      const known = participations.find(message.task, 'data') ?? participations.find(message.task, 'compute')
      if (known !== undefined) return
      if (waiting.size >= mostWaiting) return
      // By its own digest, so that nobody's request takes the place of another's for the same task.
      waiting.set(message.digest, message)
      await database.requests.put({ id: message.digest, message })
      await look()
    },
    look,
  }
}
