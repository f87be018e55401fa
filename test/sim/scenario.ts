// What a seed stands for: a task, its participants and how badly things go.
import type { Hex } from '../../protocol/codec.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Terms from '../../protocol/terms.ts'
import type { Adversary } from './adversaries/adversary.ts'
import * as Adversaries from './adversaries/all.ts'
import * as Keys from './keys.ts'
import * as Luck from './luck.ts'

export type Scenario = {
  readonly seed: number
  readonly datas: number
  readonly computes: number
  readonly weather: Weather
  readonly spec: TaskSpec.TaskSpec
  readonly terms: Omit<Terms.Terms, 'modelProvider' | 'opener' | 'token' | 'specHash' | 'invited' | 'startBy'>
  /** Of the data providers, those that are invited; 1 leaves the task open to everyone. */
  readonly invited: number
  /** Seconds in which the task has to start. */
  readonly startWithin: number
  readonly adversaries: readonly Adversary[]
  /** Tells runs of one seed apart in everything that the scenario leaves to chance. */
  readonly course: number
  /** The faults that may strike, where not all may. */
  readonly only?: ReadonlySet<string>
  /** Endpoints of the chain that each device asks: where one lies, two disagree. */
  readonly endpoints: number
  /** What kinds of fault this seed has, in a word. */
  readonly name: string
}

/** Probabilities, per message, step, transaction or participant. */
export type Odds = {
  readonly loss: number
  readonly duplicates: number
  readonly postFails: number
  readonly rubbish: number
  /** Crashes an hour of each device. */
  readonly crash: number
  readonly chainFails: number
  readonly chainLag: number
  /** Providers that leave for good within the first 20 minutes. */
  readonly datasLeave: number
  readonly computesLeave: number
  readonly modelLeaves: number
  readonly decline: number
  readonly silent: number
  /** Providers that offer what they have no token to bond for. */
  readonly poor: number
  /** Compute providers that take their deposit out again before the start. */
  readonly fickle: number
  /** Tasks in which somebody shows two openings by the model provider, or two records by each compute provider. */
  readonly twoOpenings: number
  readonly twoRecords: number
  /** Updates that take longer than the round waits. */
  readonly slow: number
  /** Pairs of a compute and a data provider of which the first never hears the second's updates. */
  readonly deaf: number
  /** Times of 40 s in which a third of all hear no gossip. */
  readonly partition: number
  /** Writes of a worker around which its device dies. */
  readonly diskFails: number
  /** Blocks before which the chain reorganises itself. */
  readonly reorganises: number
  /** Looks at the chain in which an endpoint lies. */
  readonly endpointsDisagree: number
  /** Tasks in which a challenger shows another's statements. */
  readonly frames: number
  /** Messages that a relay repeats under another round, task or chain. */
  readonly replays: number
  /** Data providers that go away at some step of a round, until it is over. */
  readonly dozes: number
}

/** Probabilities, and times in seconds. */
export type Weather = Odds & {
  readonly delay: number
  /** Seconds that a device is down after a crash, at most. */
  readonly downFor: number
  /** Seconds by which clocks are off, either way. */
  readonly skew: number
  /** Participants that are corrupted, at most. */
  readonly corrupted: number
}

const calm: Weather = {
  loss: 0,
  duplicates: 0,
  delay: 0.3,
  postFails: 0,
  rubbish: 0,
  crash: 0,
  downFor: 20,
  chainFails: 0,
  chainLag: 0,
  datasLeave: 0,
  computesLeave: 0,
  modelLeaves: 0,
  decline: 0,
  silent: 0,
  poor: 0,
  fickle: 0,
  twoOpenings: 0,
  twoRecords: 0,
  slow: 0,
  deaf: 0,
  skew: 0,
  partition: 0,
  diskFails: 0,
  reorganises: 0,
  endpointsDisagree: 0,
  frames: 0,
  replays: 0,
  dozes: 0,
  corrupted: 0,
}
const rain: Weather = {
  ...calm,
  loss: 0.1,
  duplicates: 0.1,
  delay: 1,
  postFails: 0.05,
  rubbish: 0.02,
  crash: 1,
  chainFails: 0.05,
  chainLag: 0.2,
  decline: 0.05,
  slow: 0.02,
  skew: 1,
  diskFails: 0.005,
  reorganises: 0.01,
  endpointsDisagree: 0.02,
  frames: 0.3,
  replays: 0.03,
  corrupted: 3,
}
const weathers: readonly (readonly [string, Weather])[] = [
  ['calm', calm],
  ['rain', rain],
  ['providers leave', { ...rain, datasLeave: 0.5, silent: 0.1, slow: 0.1 }],
  ['committee shrinks', { ...rain, computesLeave: 0.25, poor: 0.08 }],
  ['committee vanishes', { ...rain, computesLeave: 0.7 }],
  ['model provider vanishes', { ...rain, modelLeaves: 1, datasLeave: 0.2 }],
  ['crashes', { ...rain, crash: 20, downFor: 60, diskFails: 0.1 }],
  ['partitions', { ...rain, partition: 0.4 }],
  ['forks', { ...rain, reorganises: 0.15, endpointsDisagree: 0.2 }],
  [
    'storm',
    {
      ...rain,
      loss: 0.3,
      duplicates: 0.2,
      delay: 3,
      crash: 5,
      datasLeave: 0.3,
      computesLeave: 0.1,
      skew: 2,
    },
  ],
  ['deaf committee', { ...rain, deaf: 0.05, slow: 0.3 }],
  ['everyone vanishes', { ...rain, datasLeave: 1, computesLeave: 1, modelLeaves: 1 }],
  ['deposits go', { ...rain, fickle: 0.3 }],
  ['members lie', { ...rain, twoRecords: 0.3 }],
  ['model provider lies', { ...rain, twoOpenings: 1, twoRecords: 0.1 }],
]

export type Size = { readonly datas: number; readonly computes: number }

/** Most seeds are small, since there small numbers are the hard ones; one in a hundred is large. */
export function sizeOf(seed: number): Size {
  const luck = Luck.from(seed, 0x512e)
  const [low, high] = luck.pick([...casts, ...(luck.odds(0.08) ? largeCasts : [])])
  const datas = luck.whole(low, high)
  // Each seat needs a data provider that nominates it.
  return { datas, computes: luck.whole(3, Math.max(3, Math.min(7, Math.floor(datas * 0.6)))) }
}

/** Numbers of data providers, from and to. */
const casts = [
  [4, 6],
  [5, 9],
  [6, 12],
  [8, 16],
] as const
const largeCasts = [
  [20, 40],
  [50, 100],
] as const

export function from(seed: number, size: Size = sizeOf(seed)): Scenario {
  const luck = Luck.from(seed)
  const [name, climate] = weathers[seed % weathers.length] ?? ['calm', calm]
  const { datas, computes } = size
  const weather = { ...climate, deaf: (climate.deaf * 12) / datas }
  const rounds = luck.whole(3, 6)
  const schemaId: Hex = `0x${Keys.hash('schema')}`
  const timeouts = { ready: luck.whole(20, 40), update: luck.whole(40, 80), commit: luck.whole(60, 90) }
  const sampleCap = luck.whole(100, 2000)
  // Room for 64, 16 or 8 in a sum.
  const valueBits = luck.pick([16, 16, 18, 19])
  const spec: TaskSpec.TaskSpec = {
    v: 1,
    title: 'Simulated',
    description: '',
    schemaId,
    model: { template: 'softmax', inputs: 4, classes: 2 },
    training: { epochs: 1, batchSize: 8, learningRate: 0.1, momentum: 0, seed },
    he: { n: 4096, q: 1152921504606830593n, t: 2 ** 44, valueBits, fieldBits: 22 },
    clip: 1,
    range: 1,
    sampleCap,
    minimumQuality: 1000,
    rounds,
    targetAccuracy: luck.odds(0.3) ? 7000 : 0,
    testSet: { commitment: schemaId, samples: 1000 },
    timeouts,
  }
  const threshold = Math.floor((2 * computes) / 3) + 1
  const committee = Math.max(threshold, computes - 1)
  return {
    seed,
    datas,
    computes,
    weather,
    spec,
    startWithin: 900,
    invited: luck.pick([1, 1, 0.9]),
    adversaries: corrupted(luck, weather, threshold),
    course: 0,
    endpoints: 2,
    name,
    terms: {
      plan: luck.pick(Terms.plans),
      referee: Terms.noAddress,
      dataPool: BigInt(luck.whole(1, 1_000_000_000)) + 1_000_000_000n,
      computePool: 10n ** 12n,
      bond: BigInt(luck.whole(0, 1_000_000)),
      computeBond: BigInt(luck.pick([0, 1000, 77_777])),
      disputeBond: 0n,
      schemaId,
      salt: `0x${Keys.hash(`salt ${seed}`)}`,
      words: 2048,
      sampleCap,
      unitsPerSignature: luck.whole(0, 5000),
      roundsPerEpoch: luck.whole(3, 5),
      idleWindow: 600,
      challengeWindow: 60,
      minQuality: 1000,
      minDatas: Math.max(3, Math.floor(datas / 4)),
      maxDatas: datas,
      minComputes: committee,
      maxComputes: computes,
      threshold,
      minCohort: Math.max(3, Math.floor(datas / 20)),
      maxCohorts: Math.max(1, Math.floor(datas / 6)),
      maxRounds: rounds,
      paidRounds: rounds - 1,
      jobKilounits: 0,
    },
  }
}

/** Nothing is wrong but that so many data providers leave in each round: cohorts of twelve, five of whom are opened. */
export function leaving(seed: number, dozes: number, size: Size = { datas: 12, computes: 4 }): Scenario {
  const scenario = from(seed, size)
  const { spec, terms } = scenario
  return {
    ...scenario,
    weather: { ...calm, dozes },
    adversaries: [],
    invited: 1,
    name: `${Math.round(dozes * 100)} % leave`,
    spec: { ...spec, he: { ...spec.he, valueBits: 16 }, rounds: 10, targetAccuracy: 0 },
    terms: {
      ...terms,
      minDatas: size.datas,
      minCohort: Math.min(5, size.datas),
      maxRounds: 10,
      paidRounds: 10,
      roundsPerEpoch: 5,
    },
  }
}

/** Fewer members than could do anything together, and a few others. */
function corrupted(luck: Luck.Luck, weather: Weather, threshold: number): readonly Adversary[] {
  if (weather.corrupted === 0 || !luck.odds(0.7)) return []
  // Members are few, and what they can do is much.
  const from = () => (luck.odds(0.3) ? Adversaries.members : Adversaries.all)
  const picked = Array.from({ length: luck.whole(1, weather.corrupted) }, () => luck.pick(from()))
  const members = picked.filter(({ by }) => by === 'compute').slice(0, threshold - 1)
  return [...members, ...picked.filter(({ by }) => by !== 'compute')]
}
