// A small task and its participants' messages, for tests of roles: three data providers, two compute providers.
import type { Address, Hex } from '../protocol/codec.ts'
import * as Hours from '../protocol/hours.ts'
import * as Masks from '../protocol/masks.ts'
import type * as Market from '../protocol/market.ts'
import * as Message from '../protocol/message.ts'
import * as Offer from '../protocol/offer.ts'
import type * as Party from '../protocol/party.ts'
import type * as Effect from '../protocol/roles/effect.ts'
import type * as Event from '../protocol/roles/event.ts'
import type * as Participant from '../protocol/roles/participant.ts'
import * as TaskSpec from '../protocol/taskSpec.ts'
import * as Terms from '../protocol/terms.ts'
import * as Keys from './sim/keys.ts'

export const keys = Keys.pretended()
export const place = { chainId: 31337, market: keys.address('market') } as const
export const token = keys.address('token')
export const now = 1_700_000_000
export const digest = (text: string): Hex => `0x${Keys.hash(text)}`

export function me(name: string): Event.Me {
  const account = keys.address(name)
  return { account, device: keys.address(`${name}'s device`), box: digest(`${name}'s box`), payee: account }
}

export const spec: TaskSpec.TaskSpec = {
  v: 1,
  title: 'Rows',
  description: '',
  schemaId: digest('schema'),
  model: { template: 'softmax', inputs: 4, classes: 2 },
  training: { epochs: 1, batchSize: 8, learningRate: 0.1, momentum: 0, seed: 1 },
  he: { n: 4096, q: 1152921504606830593n, t: 2 ** 44, valueBits: 16, fieldBits: 22 },
  clip: 1,
  range: 1,
  sampleCap: 1000,
  minimumQuality: 1000,
  rounds: 4,
  targetAccuracy: 0,
  testSet: { commitment: digest('test set'), samples: 100 },
  timeouts: { ready: 20, update: 60, commit: 60 },
}

export const terms: Terms.Terms = {
  modelProvider: me('model').account,
  opener: me('model').device,
  token,
  plan: 'equal',
  referee: Terms.noAddress,
  dataPool: 1_000_000n,
  computePool: 1_000_000n,
  bond: 500n,
  computeBond: 100n,
  disputeBond: 0n,
  specHash: TaskSpec.hash(spec),
  schemaId: spec.schemaId,
  salt: digest('salt'),
  words: 2048,
  sampleCap: 1000,
  unitsPerSignature: 1000,
  roundsPerEpoch: 3,
  invited: Terms.noHash,
  idleWindow: 600,
  challengeWindow: 60,
  startBy: now + 600,
  minQuality: 1000,
  minDatas: 3,
  maxDatas: 3,
  minComputes: 2,
  maxComputes: 2,
  threshold: 2,
  minCohort: 3,
  maxCohorts: 1,
  maxRounds: 4,
  paidRounds: 2,
  jobKilounits: 0,
}
export const task = Terms.id(place.market, terms)

export function dataOffer(name: string): Offer.DataOffer {
  const { account, device, box } = me(name)
  const dataSignature = digest(`${name}'s rows`)
  const amounts = { quality: 5000, samples: 300, floor: 1000n, expires: now + 3600 }
  return { account, device, box, dataSignature, schemaId: spec.schemaId, token, ...amounts }
}

export function computeOffer(name: string): Offer.ComputeOffer {
  const { account, device, box } = me(name)
  const speeds = { training: 100, matmul: 1000, additions: 5000 }
  const asked = { token, price: 10n, expires: now + 3600 }
  return { account, device, box, adapter: 'a card', ...speeds, hours: Hours.always, ...asked }
}

/** The message as everyone reads it. */
export function say(name: string, draft: Message.Draft): Message.Message {
  const { account, device } = me(name)
  const asked = Message.toCountersign(place, draft)
  const countersignature = asked === undefined ? '0x' : keys.sign(account, asked)
  const { digest: signed, statement, finish } = Message.compose(place, account, draft, countersignature)
  const once = statement === undefined ? undefined : keys.sign(device, statement)
  return Message.open(finish(keys.sign(device, signed), once), place, keys.recover)
}

export function heard(name: string, draft: Message.Draft): Event.Event {
  return { type: 'message', message: say(name, draft) }
}

export function request(to: string, slot = 0, among: readonly Address[] = []): Message.Of<'request'> {
  const offer = to.startsWith('data')
    ? Offer.dataDigest(place, dataOffer(to))
    : Offer.computeDigest(place, computeOffer(to))
  const said = say('model', {
    kind: 'request',
    task,
    round: 0,
    slot,
    body: { to: me(to).account, offer, among },
  })
  if (said.kind !== 'request') throw new Error('a request was read as something else')
  return said
}

const at = { block: 1, logIndex: 0, transaction: digest('transaction') }

type Told = Market.Event extends infer event
  ? event extends Market.Event
    ? Omit<event, keyof Market.Place>
    : never
  : never

export function chain(event: Told): Event.Event {
  return { type: 'chain', event: { ...event, ...at } }
}

export const created = chain({ name: 'TaskCreated', task, modelProvider: terms.modelProvider, terms })

const ascending = (a: { readonly account: Address }, b: { readonly account: Address }) =>
  a.account < b.account ? -1 : 1
export const dataNames = ['data 0', 'data 1', 'data 2'].toSorted((a, b) => ascending(me(a), me(b)))
export const computeNames = ['compute 0', 'compute 1'].toSorted((a, b) => ascending(me(a), me(b)))
export const computes: readonly Party.ComputeParty[] = computeNames.map((name) => ({
  ...me(name),
  price: 10n,
}))
export const datas: readonly Party.DataParty[] = dataNames.map((name, i) => {
  const { floor, samples, quality, dataSignature } = dataOffer(name)
  return { ...me(name), floor, samples, quality, compute: i % 2, dataSignature }
})
export const started = chain({ name: 'TaskStarted', task, computes, datas, absent: 0, deadline: now + 600 })

export const opening = {
  kind: 'roundOpened',
  task,
  round: 1,
  slot: 0,
  body: {
    epoch: 0,
    modelHash: digest('model'),
    model: 'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua',
    publicKey: 'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua',
    readyBy: now + 20,
    updatesBy: now + 80,
    closes: now + 140,
    discarded: [],
  },
} as const
export const opened = say('model', opening).bodyDigest
/** The hash of the block that epoch 0 is drawn from, as the wish of a role is answered. */
export const header: Event.Event = { type: 'header', effect: 'header:5', hash: digest('block 5') }

export function sealingKey(name: string, epoch = 0): Message.Draft {
  return { kind: 'sealingKey', task, round: 0, slot: epoch, body: { epoch, key: key(`${name} ${epoch}`) } }
}

/** An X25519 key of this name. */
export function key(text: string): Hex {
  return `0x${Keys.hash(text).slice(0, 62)}01`
}

/** Shares for both members that open to what `released` gives away. */
export function masksOf(name: string): Masks.Masks {
  const sealed: Hex = `0x${'0e'.repeat(Masks.sealedBytes)}`
  const hash = (kind: Masks.Kind, seat: number) => {
    const { share, salt } = released(name, kind, seat)
    return Masks.shareHash(kind, share, salt)
  }
  const shares = [0, 1].map((seat) => ({
    seat,
    keyHash: hash('key', seat),
    seedHash: hash('seed', seat),
    key: sealed,
    seed: sealed,
  }))
  return { ephemeral: key(`${name}'s round`), seedHash: digest(`${name}'s seed`), shares }
}

/** What a member opens of a provider's shares. */
export function released(name: string, kind: Masks.Kind, seat: number): Masks.Released {
  const share: Hex = `0x${Keys.hash(`${name} ${kind} ${seat}`)}${seat.toString(16).padStart(2, '0')}`
  return { provider: me(name).account, kind, share, salt: digest(`salt ${name} ${kind} ${seat}`) }
}

export function readyDraft(name: string): Message.Draft {
  return { kind: 'ready', task, round: 1, slot: 0, body: { opened, masks: masksOf(name) } }
}

export const cohortsDraft = {
  kind: 'cohorts',
  task,
  round: 1,
  slot: 0,
  body: { opened, cohorts: [datas.map(({ account }) => account)] },
} as const

/** Steps through events, and collects what was wished on the way. */
export function follow<state>(
  step: (state: state, event: Event.Event, now: number) => Participant.Step<state>,
  first: state,
  events: readonly Event.Event[],
  time: number = now,
): { readonly state: state; readonly wished: readonly Effect.Effect[] } {
  let state = first
  const wished: Effect.Effect[] = []
  for (const event of events) {
    const next = step(state, event, time)
    state = next.state
    wished.push(...next.effects)
  }
  return { state, wished }
}

/** The bodies of what is said of one kind. */
export function saidOf(
  wished: readonly Effect.Effect[],
  kind: Message.Draft['kind'],
): readonly Message.Draft['body'][] {
  return wished.flatMap((effect) =>
    effect.type === 'send' && effect.draft.kind === kind ? [effect.draft.body] : [],
  )
}
