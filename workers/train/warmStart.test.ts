// A part of a warm start is trained only as the spec has it, on the very shards that it names.
import { expect, it } from 'vitest'
import * as Codec from '../../protocol/codec.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Flowers from '../../test/flowers.ts'
import * as Lessons from '../../test/lessons.ts'
import * as Node from '../../test/tensors.ts'
import type { WarmStartRequest } from './api.ts'
import * as Segments from './segments.ts'
import * as WarmStart from './warmStart.ts'

const { spec, part, rows } = Lessons
const [first, second] = [rows[0]!, rows[1]!]

function asked(
  change: Partial<Omit<WarmStartRequest, 'spec'>> = {},
  of: TaskSpec.TaskSpec = spec,
): WarmStartRequest {
  return { spec: TaskSpec.encode(of), job: part(0, of), shards: [first], ...change }
}

/** The spec with another warm start. */
function starting(change: Partial<NonNullable<TaskSpec.TaskSpec['warmStart']>>): TaskSpec.TaskSpec {
  return { ...spec, warmStart: { ...spec.warmStart!, ...change } }
}

it('has the hyper-parameters of the spec, but epochs of its own, and the rows of its shards', async () => {
  const { course, source } = WarmStart.read(asked({ job: part(1), shards: [second] }))
  expect(course).toEqual({
    model: spec.model,
    training: { ...spec.training, epochs: 3 },
    weights: Model.initialise(spec.model, 5),
    part: 1,
    segment: 7,
  })
  expect(source.schema).toBe(Schema.flowers)
  expect(source.shards).toEqual([144])
  expect(await source.shard(0)).toEqual(await Flowers.source(400, 3).shard(1))
  await expect(source.shard(1)).rejects.toThrow(WarmStart.ShardsError)
})

it('reads from the bytes alone what another walks again', async () => {
  const one = WarmStart.read(asked())
  // 16 batches of 16 in each of 3 epochs, 7 to a segment.
  const published = await Segments.train(Node.engine('strict'), one.course, one.source)
  expect(published).toHaveLength(7)
  const other = WarmStart.read(asked())
  const distance = await Segments.distance(Node.engine('relaxed'), other.course, other.source, published)
  expect(distance).toBeLessThan(part(0).tolerance / 100)
  const wrong = WarmStart.read(asked({ job: part(1), shards: [second] }))
  expect(await Segments.distance(Node.engine(), wrong.course, wrong.source, published)).toBe(Infinity)
})

const spoilt = first.slice()
spoilt[spoilt.length - 1] = spoilt.at(-1)! ^ 1

it.each<[string, readonly Uint8Array[]]>([
  ['none', []],
  ['those of another part', [second]],
  ['more than it names', [first, second]],
  ['one that was changed', [spoilt]],
  ['one that was cut', [first.subarray(0, -1)]],
])('refuses shards: %s', (_, shards) => {
  expect(() => WarmStart.read(asked({ shards }))).toThrow(WarmStart.ShardsError)
})

it('refuses shards in another order', () => {
  const whole = starting({ parts: 1 })
  expect(WarmStart.read(asked({ shards: [first, second] }, whole)).source.shards).toEqual([256, 144])
  expect(() => WarmStart.read(asked({ shards: [second, first] }, whole))).toThrow(WarmStart.ShardsError)
})

it.each([143, 145])('refuses a last shard of 144 samples where the task says %s', (samples) => {
  const wrong = starting({ samples: 256 + samples })
  const request = asked({ job: part(1, wrong), shards: [second] }, wrong)
  expect(() => WarmStart.read(request)).toThrow(WarmStart.ShardsError)
})

it.each<[string, WarmStartRequest]>([
  ['with another seed', asked({ job: { ...part(0), seed: 6 } })],
  ['with fewer epochs', asked({ job: { ...part(0), epochs: 1 } })],
  ['with shards that the spec does not name', asked({ job: { ...part(0), data: part(1).data } })],
  ['with more tolerance', asked({ job: { ...part(0), tolerance: 0.5 } })],
  ['of another spec', asked({ job: part(0, starting({ epochs: 2 })) })],
  ['of a spec without a warm start', { ...asked(), spec: TaskSpec.encode({ ...spec, warmStart: null }) }],
])('refuses a job %s', (_, request) => {
  expect(() => WarmStart.read(request)).toThrow(WarmStart.OtherJobError)
})

it.each<[string, (shard: DataSet.Shard) => Partial<DataSet.Shard>]>([
  ['a label that is no class', ({ labels }) => ({ labels: Uint8Array.from(labels).with(9, 3) })],
  ['labels between classes', ({ labels }) => ({ labels: Float32Array.from(labels).with(9, 0.5) })],
  ['a label too few', ({ labels }) => ({ labels: Uint8Array.from(labels.subarray(1)) })],
  ['a feature too few', ({ features }) => ({ features: Float32Array.from(features.subarray(1)) })],
])('refuses rows with %s, though the job names them', (_, change) => {
  const shard = DataSet.decodeShard(first)
  const rubbish = DataSet.encodeShard({ ...shard, ...change(shard) })
  const naming = starting({ shards: [Codec.digestOf(Codec.cidOf(rubbish)), spec.warmStart!.shards[1]!] })
  expect(() => WarmStart.read(asked({ shards: [rubbish] }, naming))).toThrow(Codec.MalformedError)
})

it('refuses a model that does not fit the rows', () => {
  const wide: TaskSpec.TaskSpec = { ...spec, model: { template: 'softmax', inputs: 5, classes: 3 } }
  expect(() => WarmStart.read(asked({}, wide))).toThrow(Schema.MismatchError)
})

it('refuses rows of a schema that it does not know, and bytes that are no shard', () => {
  const foreign = { ...spec, schemaId: Schema.id({ ...Schema.flowers, title: 'Weeds' }) }
  expect(() => WarmStart.read(asked({}, foreign))).toThrow(Schema.UnknownError)
  const rubbish = Codec.encode({ v: 1, rows: 'none' })
  const naming = starting({ shards: [Codec.digestOf(Codec.cidOf(rubbish)), spec.warmStart!.shards[1]!] })
  expect(() => WarmStart.read(asked({ shards: [rubbish] }, naming))).toThrow(Codec.MalformedError)
})
