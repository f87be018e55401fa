// What the market offers: data and compute offers by message, tasks by the chain. Own offers are kept apart.
import * as Codec from '../../protocol/codec.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import type * as Message from '../../protocol/message.ts'
import * as Offer from '../../protocol/offer.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Terms from '../../protocol/terms.ts'
import type { Database, StoredOffer } from './database.ts'
import type { AnnouncedTask, ComputeOfferView, DataOfferView } from './view/market.ts'

export type Known<offer> = { readonly id: string; readonly signed: Offer.Signed<offer> }
export type Task = {
  readonly id: Hex
  readonly terms: Terms.Terms
  readonly spec: TaskSpec.TaskSpec | undefined
}

export type Board = {
  dataOffer(id: string): Known<Offer.DataOffer> | undefined
  computeOffer(id: string): Known<Offer.ComputeOffer> | undefined
  /** Compute offers that are still good, cheapest first. */
  computes(now: number): readonly Known<Offer.ComputeOffer>[]
  task(id: Hex): Task | undefined
  /** The task's spec, fetched once. */
  spec(id: Hex): Promise<TaskSpec.TaskSpec>
  /** The data set behind an own data offer that was not withdrawn. */
  dataSetOf(id: string): string | undefined
  /** Own offers that were not withdrawn. */
  ownData(): readonly Known<Offer.DataOffer>[]
  ownCompute(): readonly Known<Offer.ComputeOffer>[]

  take(message: Message.Of<'dataOffer'> | Message.Of<'computeOffer'>): Promise<string>
  keepOwn(id: string, dataSet: string | undefined): Promise<void>
  withdraw(id: string): Promise<void>
  created(id: Hex, terms: Terms.Terms): Promise<void>
  keepSpec(spec: TaskSpec.TaskSpec): Promise<void>

  view(own: Address | undefined, now: number): View
}

export type View = {
  readonly dataOffers: readonly DataOfferView[]
  readonly computeOffers: readonly ComputeOfferView[]
  readonly tasks: readonly AnnouncedTask[]
  readonly ownData: readonly DataOfferView[]
  readonly ownCompute: readonly ComputeOfferView[]
}

export type Options = {
  readonly database: Database
  readonly fetchSpec: (task: Hex, cid: string) => Promise<Uint8Array<ArrayBuffer>>
  readonly changed: () => void
}

export async function open({ database, fetchSpec, changed }: Options): Promise<Board> {
  const datas = new Map<string, Offer.Signed<Offer.DataOffer>>()
  const computes = new Map<string, Offer.Signed<Offer.ComputeOffer>>()
  const own = new Map<string, StoredOffer>()
  const tasks = new Map<Hex, Terms.Terms>()
  const specs = new Map<Hex, TaskSpec.TaskSpec>()

  for (const row of await database.offers.toArray()) {
    keep(row.kind, row.id, row.bytes)
    if (row.own === 1) own.set(row.id, row)
  }
  for (const row of await database.tasks.toArray()) {
    tasks.set(row.id, Codec.decode(Terms.schema, row.terms, 'terms'))
  }
  for (const row of await database.objects.toArray()) {
    specs.set(Codec.parse(Codec.digest32, row.id, 'digest'), TaskSpec.decode(row.bytes))
  }

  function keep(kind: 'data' | 'compute', id: string, bytes: Uint8Array): void {
    if (kind === 'data') datas.set(id, Codec.decode(Offer.dataSchema, bytes, 'data offer'))
    else computes.set(id, Codec.decode(Offer.computeSchema, bytes, 'compute offer'))
  }

  async function keepSpec(spec: TaskSpec.TaskSpec): Promise<void> {
    const bytes = TaskSpec.encode(spec)
    const id = TaskSpec.hash(spec)
    await database.objects.put({ id, bytes })
    specs.set(id, spec)
    changed()
  }

  return {
    dataOffer: (id) => known(datas, id),
    computeOffer: (id) => known(computes, id),
    computes: (now) =>
      [...computes]
        .map(([id, signed]) => ({ id, signed }))
        .filter(({ signed }) => !Offer.isExpired(signed.offer, now))
        .sort((a, b) => compare(a.signed.offer, b.signed.offer)),
    task(id) {
      const terms = tasks.get(id)
      return terms === undefined ? undefined : { id, terms, spec: specs.get(terms.specHash) }
    },
    async spec(id) {
      const terms = tasks.get(id)
      if (terms === undefined) throw new Codec.MalformedError('task', 'the chain does not know it yet')
      const stored = specs.get(terms.specHash)
      if (stored !== undefined) return stored
      const bytes = await fetchSpec(id, Codec.cidFrom(terms.specHash).toString())
      const spec = TaskSpec.decode(bytes)
      TaskSpec.assertBound(spec, terms)
      await keepSpec(spec)
      return spec
    },
    dataSetOf: (id) => own.get(id)?.dataSet,
    ownData: () => [...datas].filter(([id]) => own.has(id)).map(([id, signed]) => ({ id, signed })),
    ownCompute: () => [...computes].filter(([id]) => own.has(id)).map(([id, signed]) => ({ id, signed })),

    async take({ kind, body }) {
      const [stored, bytes] =
        kind === 'dataOffer'
          ? (['data', Codec.encode(Offer.dataToWire(body))] as const)
          : (['compute', Codec.encode(Offer.computeToWire(body))] as const)
      const id = Codec.cidOf(bytes).toString()
      const before = await database.offers.get(id)
      if (before === undefined) {
        const { expires } = body.offer
        await database.offers.put({ id, kind: stored, bytes, own: 0, dataSet: undefined, expires })
        keep(stored, id, bytes)
        changed()
      }
      return id
    },
    async keepOwn(id, dataSet) {
      const row = await database.offers.get(id)
      if (row === undefined) return
      const kept: StoredOffer = { ...row, own: 1, dataSet }
      await database.offers.put(kept)
      own.set(id, kept)
      changed()
    },
    async withdraw(id) {
      const row = await database.offers.get(id)
      if (row !== undefined) await database.offers.put({ ...row, own: 0 })
      own.delete(id)
      changed()
    },
    async created(id, terms) {
      await database.tasks.put({ id, terms: Codec.encode(Terms.toWire(terms)) })
      tasks.set(id, terms)
      changed()
    },
    keepSpec,

    view(account, now) {
      const dataOffers = [...datas].map(([id, { offer }]) => dataView(id, offer, now, account))
      const computeOffers = [...computes].map(([id, { offer }]) => computeView(id, offer, now, account))
      return {
        dataOffers: dataOffers.filter((offer) => !offer.expired),
        computeOffers: computeOffers.filter((offer) => !offer.expired),
        ownData: dataOffers.filter((offer) => own.has(offer.id)),
        ownCompute: computeOffers.filter((offer) => own.has(offer.id)),
        tasks: [...tasks].map(([task, terms]) => announced(task, terms, specs.get(terms.specHash), account)),
      }
    },
  }
}

function known<offer>(
  offers: ReadonlyMap<string, Offer.Signed<offer>>,
  id: string,
): Known<offer> | undefined {
  const signed = offers.get(id)
  return signed === undefined ? undefined : { id, signed }
}

function dataView(id: string, offer: Offer.DataOffer, now: number, own: Address | undefined): DataOfferView {
  const { account, schemaId, quality, samples, dataSignature, floor, expires } = offer
  const expired = Offer.isExpired(offer, now)
  return {
    id,
    account,
    schemaId,
    quality,
    samples,
    dataSignature,
    floor,
    expires,
    expired,
    own: account === own,
  }
}

function computeView(
  id: string,
  offer: Offer.ComputeOffer,
  now: number,
  own: Address | undefined,
): ComputeOfferView {
  const { account, adapter, training, matmul, additions, hours, price, expires } = offer
  const expired = Offer.isExpired(offer, now)
  const speeds = { training, matmul, additions }
  return { id, account, adapter, ...speeds, hours, price, expires, expired, own: account === own }
}

/** Cheapest first, the faster of two equal prices first. */
function compare(a: Offer.ComputeOffer, b: Offer.ComputeOffer): number {
  if (a.price !== b.price) return a.price < b.price ? -1 : 1
  return b.training - a.training
}

function announced(
  task: Hex,
  terms: Terms.Terms,
  spec: TaskSpec.TaskSpec | undefined,
  account: Address | undefined,
): AnnouncedTask {
  return {
    task,
    title: spec?.title ?? `Task ${task.slice(0, 10)}…`,
    description: spec?.description ?? '',
    schemaId: terms.schemaId,
    modelProvider: terms.modelProvider,
    dataPool: terms.dataPool,
    computePool: terms.computePool,
    rounds: spec?.rounds ?? terms.maxRounds,
    minQuality: terms.minQuality,
    startBy: terms.startBy,
    own: terms.modelProvider === account,
  }
}
