// Scoring by the committee: executors count what the model provider counted, out of what was sealed to them and nobody else.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Commitment from '../../protocol/commitment.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import * as Model from '../../protocol/model.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'
import * as Subject from '../../protocol/subject.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Update from '../../protocol/update.ts'
import * as Weights from '../../protocol/weights.ts'
import * as Flowers from '../../test/flowers.ts'
import * as Lessons from '../../test/lessons.ts'
import * as Parties from '../../test/parties.ts'
import * as Node from '../../test/tensors.ts'
import { evaluate } from '../score/evaluate.ts'
import type { ScorePeer } from '../score/ports.ts'
import * as Released from '../score/released.ts'
import * as Round from '../train/round.ts'
import type { Crypto, OpenedRound, ScoreRequest, SealSubjectRequest } from './api.ts'
import * as Api from './crypto.ts'
import * as Records from './records.ts'
import * as Operations from './subject.ts'

const { task } = Parties
const own = Flowers.source(300, 8)
const shards = await Lessons.encoded(own)
const salt = new Uint8Array(32).fill(9)
const { model } = Lessons.spec
const parameters = Model.parameterCount(model)
const spec: TaskSpec.TaskSpec = {
  ...Parties.spec,
  training: { epochs: 20, batchSize: 8, learningRate: 0.1, momentum: 0.5, seed: 5 },
  ...{ model, schemaId: Lessons.spec.schemaId, scoring: 'committee' },
  range: Update.rangeFor(2, parameters),
  testSet: { commitment: commitmentOf(shards), samples: 300 },
}
const encoded = TaskSpec.encode(spec)
const coalitions = [0, 1, 2, 3]
const kernels = await Node.kernels()
/** The very counting of the score worker. */
const score: ScorePeer = {
  evaluate: ({ model: of, weights, rows }) =>
    evaluate(kernels, of, weights, typeof rows === 'string' ? own : Released.source(rows)),
}

let owner: Device
let executors: readonly Device[]
let opened: OpenedRound
let request: SealSubjectRequest
let subject: Uint8Array

type Device = { readonly api: Crypto; readonly party: Parties.Party }

/** A device that counts in earnest. */
function counting(party: Parties.Party): Device {
  const api = Api.create({
    safe: async () => party.safe,
    seal: Parties.seal,
    train: async () => Promise.reject(new Error('no training here')),
    versions: Parties.versions,
    score: async () => score,
  })
  return { api, party }
}

/** A data provider that trains in earnest, so that what cohorts contribute differs. */
function learning({ safe }: Parties.Party, seed: number): Crypto {
  return Api.create({
    safe: async () => safe,
    seal: Parties.seal,
    train: async () => ({
      train: async (job) => ({
        ...(await Round.train(Node.engine('strict'), job, Flowers.source(60, 20 + seed))),
        ...{ backend: 'wasm', notice: '' },
      }),
    }),
    versions: Parties.versions,
    score: async () => Promise.reject(new Error('no scoring here')),
  })
}

function commitmentOf(released: readonly Uint8Array[]): Hex {
  const leaves = released.flatMap((bytes, i) =>
    Commitment.leaves(salt, DataSet.decodeShard(bytes), DataSet.shardSize * i),
  )
  return Commitment.root(leaves)
}

function digestOf(bytes: Uint8Array): Hex {
  return Codec.digestOf(Codec.cidOf(bytes))
}

function asked(by: Device, change: Partial<ScoreRequest> = {}): ScoreRequest {
  const { account } = by.party.identity
  const named = { task, round: 1, models: coalitions.length, account, spec: encoded }
  return { ...named, subject, digest: digestOf(subject), shards, ...change }
}

/** Two cohorts of three whose sums were opened, as in a round of the task. */
async function round(party: Parties.Party, members: readonly Parties.Party[]) {
  const providers = await Parties.committee(6)
  const setting = { owner: party, providers, members, threshold: 2, encoded }
  const start = await Parties.begun(setting)
  const contributions = await Promise.all(
    providers.map((provider, i) => {
      const peers = start.peers.slice(i < 3 ? 0 : 3, i < 3 ? 3 : 6)
      const contribute = { ...start.requestOf(i), peers, samples: Parties.samplesOf(i % 3) }
      return learning(provider, i).contribute(contribute, Parties.silent)
    }),
  )
  const [one, two] = await Promise.all(
    [0, 3].map((from) => {
      const cohort = { ...setting, providers: providers.slice(from, from + 3) }
      const masks = start.masks.slice(from, from + 3)
      return Parties.asked(cohort, { ...start, masks }, contributions.slice(from, from + 3), [0, 1, 2])
    }),
  )
  return { ...one!, coalitions, cohorts: [...one!.cohorts, ...two!.cohorts] }
}

beforeAll(async () => {
  const [party, ...members] = await Parties.committee(4)
  owner = counting(party!)
  executors = members.map(counting)
  opened = await owner.api.open(await round(party!, members))
  const recipients = members.slice(0, 2).map(({ identity: { account, box } }) => ({ account, box }))
  request = { task, round: 1, coalitions, recipients, shards: shards.map(digestOf), salt }
  subject = await owner.api.sealSubject(request)
})
afterAll(Parties.close)

describe('an executor', () => {
  test('counts what the model provider counted, by itself', async () => {
    expect(opened).toMatchObject({ total: 300, sums: [{ digest: expect.any(String) }, {}] })
    expect(new Set(opened.worth).size).toBeGreaterThan(2)
    for (const executor of executors.slice(0, 2))
      expect(await executor.api.score(asked(executor))).toEqual(opened.worth)
  })

  test('who is no recipient opens nothing, nor does one in the name of another', async () => {
    const [first, , third] = executors
    await expect(third!.api.score(asked(third!))).rejects.toThrow(SealedModel.RecipientError)
    const { account } = first!.party.identity
    await expect(third!.api.score(asked(third!, { account }))).rejects.toThrow(SealedModel.RecipientError)
  })

  test('opens it for the round that it was sealed for, and no other', async () => {
    const [first] = executors
    await expect(first!.api.score(asked(first!, { round: 2 }))).rejects.toThrow(SealedModel.RecipientError)
    const other = { task: `0x${'7b'.repeat(32)}` } as const
    await expect(first!.api.score(asked(first!, other))).rejects.toThrow(SealedModel.RecipientError)
  })

  test('refuses a subject that the job does not name', async () => {
    const [first] = executors
    const digest = digestOf(shards[0]!)
    await expect(first!.api.score(asked(first!, { digest }))).rejects.toThrow(Subject.DigestError)
  })

  test.each<[string, () => readonly Uint8Array[]]>([
    ['other rows', () => [shards[0]!, Uint8Array.from(changed(shards[1]!))]],
    ['fewer rows', () => shards.slice(0, 1)],
    ['rows in another order', () => shards.toReversed()],
    ['rows twice', () => [...shards, shards[1]!]],
  ])('refuses a test set that is not the committed one: %s', async (_, released) => {
    const [first] = executors
    await expect(first!.api.score(asked(first!, { shards: released() }))).rejects.toThrow(
      Subject.TestSetError,
    )
  })

  test('refuses the committed rows with another salt, and rows that were committed to elsewhere', async () => {
    const rows = { schemaId: spec.schemaId, shards, salt, commitment: spec.testSet.commitment }
    expect(Released.source(rows).shards).toEqual([256, 44])
    expect(() => Released.source({ ...rows, salt: new Uint8Array(32) })).toThrow(Subject.TestSetError)
    const [first] = executors
    const other = { ...spec, testSet: { ...spec.testSet, commitment: digestOf(subject) } }
    const change = { spec: TaskSpec.encode(other) }
    await expect(first!.api.score(asked(first!, change))).rejects.toThrow(Subject.TestSetError)
  })

  test.each([1, 5])('refuses four models where the job pays for %s', async (models) => {
    const [first] = executors
    await expect(first!.api.score(asked(first!, { models }))).rejects.toThrow(Operations.ModelsError)
  })

  test('refuses a subject for a model of another size', async () => {
    const [first] = executors
    const change = {
      spec: TaskSpec.encode({ ...spec, model: { template: 'softmax', inputs: 4, classes: 3 } }),
    }
    await expect(first!.api.score(asked(first!, change))).rejects.toThrow(Model.WeightsError)
  })
})

/** The same shard with one label more. */
function changed(bytes: Uint8Array): Uint8Array {
  const shard = DataSet.decodeShard(bytes)
  const labels = Uint8Array.from(shard.labels, (label, i) => (i === 7 ? (label + 1) % 3 : label))
  return DataSet.encodeShard({ ...shard, labels })
}

describe('a model provider', () => {
  test('seals a subject once: asked again it gives the same bytes, to the same recipients', async () => {
    expect(await owner.api.sealSubject(request)).toEqual(subject)
    const recipients = [executors[2]!.party.identity]
    expect(await owner.api.sealSubject({ ...request, recipients, coalitions: [0] })).toEqual(subject)
    expect(Subject.decode(subject, digestOf(subject))).toMatchObject({ shards: request.shards, salt })
  })

  test('keeps the sums no longer than it takes to seal them', async () => {
    const { safe } = owner.party
    expect(await safe.ids(Records.materials.prefix)).toEqual([])
    expect(await safe.ids(Records.subjects.prefix)).toEqual([Records.subjects.id(task, 1)])
  })

  test('cannot seal a round that it did not open', async () => {
    await expect(owner.api.sealSubject({ ...request, round: 2 })).rejects.toThrow(Operations.UnknownError)
  })

  test('keeps no sums of a task whose scores are its own word', async () => {
    const [party, ...members] = await Parties.committee(7)
    const setting = { owner: party!, providers: members.slice(0, 3), members: members.slice(3), threshold: 2 }
    const { request: open } = await Parties.played(setting)
    await party!.api.open(open)
    expect(await party!.safe.ids(Records.materials.prefix)).toEqual([])
    await expect(party!.api.sealSubject(request)).rejects.toThrow(Operations.UnknownError)
  })
})

test('a task that is forgotten leaves neither sums nor subjects, and another task’s are left alone', async () => {
  const [party] = await Parties.committee(1)
  const { safe, api } = party!
  const other: Hex = `0x${'7b'.repeat(32)}`
  for (const of of [task, other]) {
    const content = Subject.encodeContent({ global: Float32Array.of(1), sums: [], coalitions: [] })
    await safe.create([{ id: Records.materials.id(of, 2), bytes: Records.materials.encode({ content }) }])
    const sealed = Records.subjects.encode({ subject: new Uint8Array(subject) })
    await safe.create([{ id: Records.subjects.id(of, 1), bytes: sealed }])
  }
  await api.forget({ task, round: 2 })
  expect(await safe.ids(Records.materials.prefix)).toHaveLength(2)
  await api.forget({ task })
  expect(await safe.ids(Records.materials.prefix)).toEqual([Records.materials.id(other, 2)])
  expect(await safe.ids(Records.subjects.prefix)).toEqual([Records.subjects.id(other, 1)])
})

describe('a first model', () => {
  const part = (value: number, samples: number) => ({
    weights: Weights.toBytes(new Float32Array(parameters).fill(value)),
    samples,
  })
  const weightsOf = async ({ api }: Parties.Party): Promise<Float32Array> => {
    const file = await api.exportModel(task, encoded)
    return Weights.fromBytes(file.slice(file.length - 4 * parameters))
  }

  test('is the mean of where the parts ended, by their samples, and stays', async () => {
    const [party] = await Parties.committee(1)
    await party!.api.federate({ task, spec: encoded, parts: [part(1, 256), part(-1, 64), part(0.5, 320)] })
    const mean = new Float32Array(parameters).fill((256 - 64 + 160) / 640)
    expect(await weightsOf(party!)).toEqual(mean)
    await party!.api.federate({ task, spec: encoded, parts: [part(7, 1)] })
    expect(await weightsOf(party!)).toEqual(mean)
  })

  test('is what the first round announces', async () => {
    const [party, provider] = await Parties.committee(2)
    await party!.api.federate({ task, spec: encoded, parts: [part(0.25, 10)] })
    const { modelHash } = await Parties.prepared(party!, [provider!], 1, encoded)
    const stored = Records.models.decode((await party!.safe.get(Records.models.id(task)))!)
    expect(SealedModel.hash(stored.content)).toBe(modelHash)
    expect(await weightsOf(party!)).toEqual(new Float32Array(parameters).fill(0.25))
  })

  test('is the spec’s own without parts, and is not made of weights of another size', async () => {
    const [party] = await Parties.committee(1)
    const short = { weights: new Uint8Array(4 * parameters - 1), samples: 5 }
    const spoilt = { task, spec: encoded, parts: [part(1, 5), short] }
    await expect(party!.api.federate(spoilt)).rejects.toThrow(Model.WeightsError)
    await party!.api.federate({ task, spec: encoded, parts: [] })
    expect(await weightsOf(party!)).toEqual(Model.initialise(model, spec.training.seed))
  })
})
