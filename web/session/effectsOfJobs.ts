// Carries out jobs: publishes what they are about, does them, does those of others again, and forms a first model of them.
import * as Checkpoints from '../../protocol/checkpoints.ts'
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import * as Job from '../../protocol/job.ts'
import * as Model from '../../protocol/model.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Subject from '../../protocol/subject.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import type { Frame } from '../../workers/frame/api.ts'
import type { WarmStartRequest } from '../../workers/train/api.ts'
import type { Block, Door, Purpose } from '../net/door.ts'
import type { Guard } from './guard.ts'
import type { Participant } from './participant.ts'
import type { Progress } from './view/progress.ts'

type Wish = Extract<Effect.Effect, { type: 'federate' | 'sealSubject' | 'perform' | 'verify' }>

export type Means = {
  readonly frame: Frame
  readonly door: Door
  readonly backboneOf: (model: Model.Spec, purpose: Purpose) => Promise<Uint8Array | undefined>
  /** Runs work on the training engine when nothing else does. */
  readonly alone: <value>(work: () => Promise<value>) => Promise<value>
  readonly progress: (participant: Participant, progress: Progress | undefined) => void
  /** Does what is lent while the owner's limits allow it: its signal is aborted when they do not. */
  readonly lend: Guard['lend']
}

/** Largest block that relays keep. */
const blockBytes = 1024 * 1024

/** Stores released shards, so that executors find what jobs and spec name by digest. */
export async function publishShards(
  door: Door,
  task: Hex,
  shards: readonly Uint8Array[],
  purpose: Purpose,
): Promise<readonly Hex[]> {
  for (const bytes of shards) await door.put(task, [{ codec: 'dag-cbor', bytes }], purpose)
  return shards.map((bytes) => Codec.digestOf(Codec.cidOf(bytes)))
}

export async function carryOut(
  means: Means,
  participant: Participant,
  effect: Wish,
  signal: AbortSignal,
): Promise<Event.Result> {
  switch (effect.type) {
    case 'federate':
      return federate(means, participant, effect)
    case 'sealSubject':
      return sealSubject(means, participant, effect)
    case 'perform':
      return means.lend((free) => perform(means, participant, effect, free), signal)
    case 'verify':
      return means.lend((free) => verify(means, participant, effect, free), signal)
    default:
      return effect satisfies never
  }
}

async function perform(
  means: Means,
  participant: Participant,
  { id, job: of }: Extract<Wish, { type: 'perform' }>,
  signal: AbortSignal,
): Promise<Event.Result> {
  const done = await (of.kind === 'score'
    ? count(means, participant, of)
    : train(means, participant, of, signal))
  return { type: 'performed', effect: id, ...done }
}

async function verify(
  means: Means,
  participant: Participant,
  { id, job: of, result }: Extract<Wish, { type: 'verify' }>,
  signal: AbortSignal,
): Promise<Event.Result> {
  const agrees =
    of.kind === 'score'
      ? (await count(means, participant, of)).result === result
      : await check(means, participant, of, result, signal)
  return agrees === undefined ? { type: 'missing', effect: id } : { type: 'verified', effect: id, agrees }
}

/** Whether doing it again would end the same way. */
export function isHopeless(type: Effect.Effect['type'], name: string): boolean {
  return types.includes(type) && hopeless.includes(name)
}

const types: readonly Effect.Effect['type'][] = ['federate', 'sealSubject', 'perform', 'verify']
const hopeless: readonly string[] = [
  'Backbone.MismatchError',
  'Codec.MalformedError',
  'DataSet.ShardError',
  'Model.WeightsError',
  'Objects.OversizeError',
  'Round.DivergedError',
  'Schema.MismatchError',
  'Schema.UnknownError',
  'SealedModel.KeyError',
  'SealedModel.RecipientError',
  'Subject.ModelsError',
  'Subject.TestSetError',
  'Subject.UnknownError',
  'Vault.PrivateError',
  'Vault.UnknownError',
  'WarmStart.OtherJobError',
  'WarmStart.ShardsError',
]

async function federate(
  { frame, door }: Means,
  participant: Participant,
  effect: Extract<Wish, { type: 'federate' }>,
): Promise<Event.Result> {
  const parts = await Promise.all(
    effect.parts.map(async ({ result, samples }) => {
      const ends = await checkpoints(door, result, purposeOf(participant))
      return { samples, weights: await raw(door, ends.at(-1) ?? result, participant) }
    }),
  )
  await frame.crypto.federate({ task: participant.task, spec: TaskSpec.encode(participant.spec), parts })
  return { type: 'federated', effect: effect.id }
}

async function sealSubject(
  { frame, door }: Means,
  participant: Participant,
  effect: Extract<Wish, { type: 'sealSubject' }>,
): Promise<Event.Result> {
  const { round, coalitions, recipients } = effect
  const purpose = { machine: participant.id, round }
  const released = await frame.vault.release(participant.dataSet ?? '')
  const shards = await publishShards(door, participant.task, released.shards, purpose)
  const request = { task: participant.task, round, coalitions, recipients, shards, salt: released.salt }
  const subject = await frame.crypto.sealSubject(request)
  await door.put(participant.task, [{ codec: 'dag-cbor', bytes: subject }], purpose)
  return { type: 'subjectSealed', effect: effect.id, subject: Codec.digestOf(Codec.cidOf(subject)) }
}

type Done = { readonly result: Hex; readonly worth: readonly number[] | null }

async function count(
  { frame, door, backboneOf }: Means,
  participant: Participant,
  { round, models, subject }: Job.Score,
): Promise<Done> {
  const purpose = { machine: participant.id, round }
  const bytes = await door.get(Codec.cidFrom(subject).toString(), blockBytes, purpose)
  const digests = Subject.decode(bytes, subject).shards
  if (digests.length !== Math.ceil(participant.spec.testSet.samples / DataSet.shardSize))
    throw new Subject.TestSetError()
  const shards = await Promise.all(digests.map((digest) => shard(door, digest, purpose)))
  const { task, account } = participant
  const request = {
    task,
    round,
    models,
    account,
    spec: TaskSpec.encode(participant.spec),
    subject: bytes,
    digest: subject,
    shards,
  }
  const backbone = await backboneOf(participant.spec.model, purpose)
  const worth = await frame.crypto.score({ ...request, backbone })
  return { result: Job.worthDigest(worth), worth }
}

async function train(
  means: Means,
  participant: Participant,
  of: Job.WarmStart,
  signal: AbortSignal,
): Promise<Done> {
  const { frame, door } = means
  const request = await lesson(means, participant, of)
  const ends = await onEngine(means, participant, signal, (progress) =>
    frame.train.warmStart(request, progress),
  )
  const blocks = ends.map((bytes): Block => ({ codec: 'raw', bytes }))
  const object = Checkpoints.encode(ends.map((bytes) => Codec.digestOf(Codec.cidOfRaw(bytes))))
  await door.put(participant.task, [...blocks, { codec: 'dag-cbor', bytes: object }], purposeOf(participant))
  return { result: Checkpoints.digest(object), worth: null }
}

/**
 * What cannot be read as published weights is as wrong as other weights are. Undefined where nobody has them; where a
 * shard of the job is missing, it is the check that has to wait.
 */
async function check(
  means: Means,
  participant: Participant,
  of: Job.WarmStart,
  result: Hex,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const { frame, door } = means
  const request = await lesson(means, participant, of)
  let published: readonly Uint8Array[]
  try {
    const ends = await checkpoints(door, result, purposeOf(participant))
    // Counted before anything is fetched: a liar may name the same block thousands of times.
    if (ends.length !== Job.segments(of, participant.spec)) return false
    const found: Uint8Array[] = []
    for (const digest of ends) found.push(await raw(door, digest, participant))
    published = found
  } catch (thrown) {
    if (isRubbish(thrown)) return false
    if (thrown instanceof Error && thrown.name === 'Objects.MissingError') return undefined
    throw thrown
  }
  return await onEngine(means, participant, signal, (progress) =>
    frame.train.checkWarmStart({ ...request, published }, progress),
  )
}

/** Bytes that no executor who means well publishes. */
function isRubbish(thrown: unknown): boolean {
  return (
    thrown instanceof Codec.MalformedError ||
    (thrown instanceof Error && thrown.name === 'Objects.OversizeError')
  )
}

async function lesson(
  { door, backboneOf }: Means,
  participant: Participant,
  of: Job.WarmStart,
): Promise<WarmStartRequest> {
  const backbone = await backboneOf(participant.spec.model, purposeOf(participant))
  const shards = await Promise.all(of.data.map((digest) => shard(door, digest, purposeOf(participant))))
  return { spec: TaskSpec.encode(participant.spec), job: of, shards, backbone }
}

async function onEngine<value>(
  { frame, alone, progress }: Means,
  participant: Participant,
  signal: AbortSignal,
  work: (progress: (step: Progress) => void) => Promise<value>,
): Promise<value> {
  return await alone(async () => {
    signal.throwIfAborted()
    const abort = (): void => void frame.train.abort()
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await work((step) => {
        progress(participant, step)
      })
    } finally {
      signal.removeEventListener('abort', abort)
      progress(participant, undefined)
    }
  })
}

async function checkpoints(door: Door, result: Hex, purpose: Purpose): Promise<readonly Hex[]> {
  const bytes = await door.get(Codec.cidFrom(result).toString(), Checkpoints.maximumBytes, purpose)
  return Checkpoints.decode(bytes, result)
}

async function raw(door: Door, digest: Hex, participant: Participant): Promise<Uint8Array> {
  const most = Model.parameterCount(participant.spec.model) * 4
  return await door.get(Codec.rawCidFrom(digest).toString(), most, purposeOf(participant))
}

async function shard(door: Door, digest: Hex, purpose: Purpose): Promise<Uint8Array> {
  return await door.get(Codec.cidFrom(digest).toString(), blockBytes, purpose)
}

/** Warm starts belong to no round. */
function purposeOf(participant: Participant): Purpose {
  return { machine: participant.id, round: 0 }
}
