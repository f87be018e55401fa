// Jobs carried out on devices that share nothing but blocks: what one did, another finds the same, and what it did not, not.
import 'fake-indexeddb/auto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as Checkpoints from '../../protocol/checkpoints.ts'
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Job from '../../protocol/job.ts'
import * as Model from '../../protocol/model.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Subject from '../../protocol/subject.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Weights from '../../protocol/weights.ts'
import * as Talk from '../../test/conversation.ts'
import * as Lessons from '../../test/lessons.ts'
import * as Parties from '../../test/parties.ts'
import * as Node from '../../test/tensors.ts'
import * as Api from '../../workers/crypto/crypto.ts'
import * as Records from '../../workers/crypto/records.ts'
import type { Frame } from '../../workers/frame/api.ts'
import * as Objects from '../../workers/network/objects.ts'
import { evaluate } from '../../workers/score/evaluate.ts'
import * as Released from '../../workers/score/released.ts'
import type { Train } from '../../workers/train/api.ts'
import * as Segments from '../../workers/train/segments.ts'
import * as WarmStart from '../../workers/train/warmStart.ts'
import * as Vault from '../../workers/vault/vault.ts'
import type { Block, Door } from '../net/door.ts'
import * as Effects from './effects.ts'
import type { Participant } from './participant.ts'

const { task } = Talk
const flowers =
  'species,sepal_length,sepal_width,petal_length,petal_width\n' +
  Array.from({ length: 60 }, (_, i) => {
    return i % 2 === 0 ? `setosa,5.${i % 10},3.5,1.4,0.2\n` : `virginica,6.${i % 10},3.0,5.5,2.1\n`
  }).join('')

/** What relays keep, by CID. */
const blocks = new Map<string, Uint8Array>()
const door = {
  put: async (_: Hex, given: readonly Block[]) =>
    given.map(({ codec, bytes }) => {
      const cid = (codec === 'raw' ? Codec.cidOfRaw(bytes) : Codec.cidOf(bytes)).toString()
      blocks.set(cid, bytes)
      return cid
    }),
  get: async (cid: string, maximumBytes: number) => {
    const bytes = blocks.get(cid)
    if (bytes === undefined) throw new Objects.MissingError(cid)
    if (bytes.length > maximumBytes) throw new Objects.OversizeError(bytes.length, maximumBytes)
    return new Uint8Array(bytes)
  },
} satisfies Partial<Door>

async function put(codec: Block['codec'], bytes: Uint8Array): Promise<Hex> {
  await door.put(task, [{ codec, bytes }])
  return Codec.digestOf(codec === 'raw' ? Codec.cidOfRaw(bytes) : Codec.cidOf(bytes))
}

/** What the train worker does, on the engine of Node. */
function training(build: 'strict' | 'relaxed'): Pick<Train, 'warmStart' | 'checkWarmStart'> {
  const engine = Node.engine(build)
  return {
    warmStart: async (request) => {
      const { course, source } = WarmStart.read(request)
      return (await Segments.train(engine, course, source)).map(Weights.toBytes)
    },
    checkWarmStart: async ({ published, ...request }) => {
      const { course, source } = WarmStart.read(request)
      const distance = await Segments.distance(engine, course, source, published.map(Weights.fromBytes))
      return distance <= request.job.tolerance
    },
  }
}

/** A device whose workers run in Node, with the vault's real rows and keys. */
async function device(name: string, build: 'strict' | 'relaxed', of = Lessons.spec, dataSet?: string) {
  const safe = await Parties.safeOf(name)
  const vault = await Vault.open(`${name}-vault`)
  const kernels = Node.kernels()
  const crypto = Api.create({
    safe: async () => safe,
    seal: Parties.seal,
    train: async () => Promise.reject(new Error('no training here')),
    versions: Parties.versions,
    score: async () => ({
      evaluate: async ({ model, weights, rows }) => {
        if (typeof rows === 'string') throw new Error('no rows of its own')
        return evaluate(await kernels, model, weights, Released.source(rows))
      },
    }),
  })
  const train = training(build)
  const frame = { vault, crypto, train } satisfies Partial<{ [key in keyof Frame]: unknown }>
  const execute = Effects.executor({
    ...{ frame, door, place: Talk.place, backboneOf: async () => undefined },
    ...{ progress: () => undefined, meters: { add: () => undefined }, counted: () => undefined },
    lend: (work: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal) => {
      lendings += 1
      return work(signal)
    },
  } as never)
  const { account, box } = await crypto.identity()
  const participant: Participant = {
    id: name,
    task,
    role: 'compute',
    account,
    spec: of,
    terms: Talk.terms,
    dataSet,
  }
  const carryOut = async (effect: Effect.Effect, set: string | undefined = dataSet) =>
    (await execute({ ...participant, dataSet: set }, effect, new AbortController().signal))[0]
  return { safe, vault, crypto, carryOut, account, box }
}

type Device = Awaited<ReturnType<typeof device>>
let one: Device
let two: Device
const part = Lessons.part(1)
const perform = { id: 'perform:1', type: 'perform', job: part } as const
let result: Hex
/** Times that work was done as the owner's limits allow. */
let lendings = 0

function verify(by: Device, found: Hex) {
  const said = { job: part, of: Talk.digest('said'), result: found, worth: null }
  return by.carryOut({ id: 'verify:1', type: 'verify', ...said })
}

async function agrees(found: Hex): Promise<unknown> {
  const answer = await verify(two, found)
  return answer?.type === 'verified' ? answer.agrees : answer
}

async function endsOf(found: Hex): Promise<readonly Hex[]> {
  const bytes = await door.get(Codec.cidFrom(found).toString(), Checkpoints.maximumBytes)
  return Checkpoints.decode(bytes, found)
}

async function weightsOf(end: Hex): Promise<Float32Array> {
  return Weights.fromBytes(await door.get(Codec.rawCidFrom(end).toString(), 1e6))
}

/** The published weights with some segments changed. */
async function tampered(change: (weights: Float32Array, segment: number) => Float32Array): Promise<Hex> {
  const ends = await Promise.all((await endsOf(result)).map(weightsOf))
  const named = await Promise.all(ends.map((end, at) => put('raw', Weights.toBytes(change(end, at)))))
  return put('dag-cbor', Checkpoints.encode(named))
}

beforeAll(async () => {
  ;[one, two] = await Promise.all([device('one', 'strict'), device('two', 'relaxed')])
  for (const bytes of Lessons.rows) await put('dag-cbor', bytes)
  const done = await one.carryOut(perform)
  if (done?.type !== 'performed') throw new Error('the job was not done')
  result = done.result
})
afterAll(Parties.close)

describe('a part of a warm start', () => {
  test('that one did, another finds the same with other kernels', async () => {
    expect(await endsOf(result)).toHaveLength(4)
    expect(await agrees(result)).toBe(true)
    expect(await one.carryOut(perform)).toEqual({
      type: 'performed',
      effect: 'perform:1',
      result,
      worth: null,
    })
  })

  test('is done and checked only as the owner’s limits allow, unlike what the model provider makes of it', async () => {
    const before = lendings
    await one.carryOut(perform)
    await agrees(result)
    expect(lendings - before).toBe(2)
    const owner = await device('unlimited', 'strict')
    await owner.carryOut({ id: 'federate', type: 'federate', parts: [{ number: 1, result, samples: 144 }] })
    expect(lendings - before).toBe(2)
  })

  test.each<[string, (weights: Float32Array, segment: number) => Float32Array]>([
    ['scaled', (weights) => weights.map((each) => 1.05 * each)],
    ['spoilt in one segment', (weights, at) => (at === 2 ? weights.map((each) => each + 0.05) : weights)],
    ['spoilt in one number', (weights, at) => (at === 3 ? weights.with(5, 9) : weights)],
    ['never moved', () => Model.initialise(Lessons.spec.model, part.seed)],
    ['too few', (weights) => weights.slice(1)],
    ['no numbers', (weights) => weights.map(() => Number.NaN)],
  ])('is not agreed to where its weights are %s', async (_, change) => {
    expect(await agrees(await tampered(change))).toBe(false)
  })

  test('is not agreed to where segments are missing', async () => {
    const ends = await endsOf(result)
    expect(await agrees(await put('dag-cbor', Checkpoints.encode(ends.slice(0, -1))))).toBe(false)
  })

  test('is not agreed to where its result is rubbish, or larger than anyone fetches', async () => {
    const [end = '0x', ...rest] = await endsOf(result)
    const large = new Uint8Array(Checkpoints.maximumBytes + 1)
    expect(await agrees(await put('dag-cbor', large))).toBe(false)
    expect(await agrees(await put('dag-cbor', Codec.encode({ v: 1, ends: [] })))).toBe(false)
    expect(await agrees(await put('dag-cbor', Uint8Array.of(255, 0)))).toBe(false)
    const longer = Weights.toBytes(Float32Array.of(...(await weightsOf(end)), 0))
    const named = [await put('raw', longer), ...rest]
    expect(await agrees(await put('dag-cbor', Checkpoints.encode(named)))).toBe(false)
  })

  test('is said to be missing where nobody has its weights, or some of them', async () => {
    const missing = Talk.digest('missing')
    const answer = { type: 'missing', effect: 'verify:1' }
    expect(await verify(two, missing)).toEqual(answer)
    const ends = await endsOf(result)
    const partly = await put('dag-cbor', Checkpoints.encode(ends.with(1, missing)))
    expect(await verify(two, partly)).toEqual(answer)
  })

  test('is waited for where its rows cannot be had yet', async () => {
    const cid = Codec.cidFrom(part.data[0]!).toString()
    const bytes = blocks.get(cid)!
    blocks.delete(cid)
    await expect(two.carryOut(perform)).rejects.toThrow(Objects.MissingError)
    await expect(verify(two, result)).rejects.toThrow(Objects.MissingError)
    blocks.set(cid, bytes)
  })

  test('is left to others where the spec has no such job', async () => {
    const job = { ...part, epochs: 9 }
    expect(await one.carryOut({ ...perform, job })).toMatchObject({ type: 'failed', effect: 'perform:1' })
  })

  test('makes the first model together with the others', async () => {
    const parts = [{ number: 1, result, samples: 144 }]
    const owner = await device('owner', 'strict')
    const effect = { id: 'federate', type: 'federate', parts } as const
    expect(await owner.carryOut(effect)).toEqual({ type: 'federated', effect: 'federate' })
    const file = await owner.crypto.exportModel(task, TaskSpec.encode(Lessons.spec))
    const last = await weightsOf((await endsOf(result)).at(-1)!)
    expect(Weights.fromBytes(file.slice(file.length - 4 * last.length))).toEqual(last)
  })

  test('is not made a first model of where it is rubbish, and waited for where it is missing', async () => {
    const owner = await device('another owner', 'strict')
    const federate = (named: Hex) => {
      const parts = [{ number: 1, result: named, samples: 144 }]
      return owner.carryOut({ id: 'federate', type: 'federate', parts })
    }
    const failed = { type: 'failed', effect: 'federate' }
    expect(await federate(await tampered((weights) => weights.slice(1)))).toMatchObject(failed)
    expect(await federate(await put('dag-cbor', Uint8Array.of(255)))).toMatchObject(failed)
    await expect(federate(Talk.digest('missing'))).rejects.toThrow(Objects.MissingError)
  })
})

describe('scoring', () => {
  const coalitions = [0, 1]
  const { model } = Lessons.spec
  const parameters = Model.parameterCount(model)

  /** A model provider that opened round 1, whose test set is released or not. */
  async function provider(name: string, released: boolean) {
    const draft = await device(name, 'strict')
    const files = [new File([flowers], 'flowers.csv')]
    const schemaId = Schema.id(Schema.flowers)
    const { id, samples } = await draft.vault.import({ name, schemaId, files, released }, () => undefined)
    const commitment = await draft.vault.commitment(id)
    const spec: TaskSpec.TaskSpec = { ...Lessons.spec, testSet: { commitment, samples } }
    const sum = { levels: new Uint32Array(parameters).fill(9), samples: [20] }
    const content = Subject.encodeContent({
      global: Model.initialise(model, 5),
      sums: [sum],
      coalitions: [],
    })
    const stored = { id: Records.materials.id(task, 1), bytes: Records.materials.encode({ content }) }
    await draft.safe.create([stored])
    return { ...draft, spec, id }
  }

  test('counts the same on two devices, out of what was published', async () => {
    const owner = await provider('scored', true)
    const [first, second, stranger] = await Promise.all(
      ['first', 'second', 'stranger'].map((name) => device(name, 'relaxed', owner.spec)),
    )
    const recipients = [first!, second!].map(({ account, box }) => ({ account, box }))
    const seal = { id: 'subject:1', type: 'sealSubject', round: 1, coalitions, recipients } as const
    const sealed = await owner.carryOut(seal, owner.id)
    expect(await owner.carryOut(seal, owner.id)).toEqual(sealed)
    if (sealed?.type !== 'subjectSealed') throw new Error('nothing was sealed')
    const job = Job.score(owner.spec, { round: 1, models: 2, subject: sealed.subject })
    const done = await first!.carryOut({ id: 'perform:2', type: 'perform', job })
    if (done?.type !== 'performed' || done.worth === null) throw new Error('nothing was counted')
    expect(done.worth).toHaveLength(2)
    expect(done.result).toBe(Job.worthDigest(done.worth))
    const check = (worth: readonly number[]) => {
      const said = { job, of: Talk.digest('said'), result: Job.worthDigest(worth), worth }
      return second!.carryOut({ id: 'verify:2', type: 'verify', ...said })
    }
    expect(await check(done.worth)).toEqual({ type: 'verified', effect: 'verify:2', agrees: true })
    expect(await check([1, 2])).toEqual({ type: 'verified', effect: 'verify:2', agrees: false })
    const other = await stranger!.carryOut({ id: 'perform:2', type: 'perform', job })
    expect(other).toMatchObject({ type: 'failed', effect: 'perform:2' })
    const dear = await first!.carryOut({ id: 'perform:2', type: 'perform', job: { ...job, models: 1 } })
    expect(dear).toMatchObject({ type: 'failed', effect: 'perform:2' })
    expect(await owner.safe.ids(Records.subjects.prefix)).toHaveLength(1)
    expect(await owner.carryOut({ id: 'forget:task', type: 'forget', of: 'task' })).toMatchObject({
      type: 'forgotten',
    })
    expect(await owner.safe.ids(Records.subjects.prefix)).toEqual([])
  })

  test('is given up, not tried for ever, where the test set is private or gone, a key faulty, a round unopened', async () => {
    const owner = await provider('private', false)
    const recipients = [{ account: one.account, box: one.box }]
    const seal = { id: 'subject:1', type: 'sealSubject', round: 1, coalitions, recipients } as const
    const kept = blocks.size
    for (const set of [owner.id, 'gone', ''])
      expect(await owner.carryOut(seal, set)).toMatchObject({ type: 'failed', effect: 'subject:1' })
    expect(blocks.size).toBe(kept)
    const faulty = { account: one.account, box: `0x${'00'.repeat(32)}` } as const
    const open = await provider('unopened', true)
    expect(await open.carryOut({ ...seal, recipients: [faulty] }, open.id)).toMatchObject({ type: 'failed' })
    expect(await open.carryOut({ ...seal, round: 2 }, open.id)).toMatchObject({ type: 'failed' })
  })
})
