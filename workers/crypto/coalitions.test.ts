// A round of three cohorts with real masks, encryption and scoring: what comes out is what a direct evaluation finds.
import { afterEach, expect, test } from 'vitest'
import * as Contribution from '../../protocol/contribution.ts'
import type * as DataSet from '../../protocol/dataSet.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Prng from '../../protocol/prng.ts'
import type * as Schema from '../../protocol/schema.ts'
import * as Update from '../../protocol/update.ts'
import * as Examples from '../../test/examples.ts'
import * as Parties from '../../test/parties.ts'
import * as Node from '../../test/tensors.ts'
import * as Reference from '../../test/vectors/masks.ts'
import { evaluate } from '../score/evaluate.ts'
import type { OpenRequest } from './api.ts'
import * as Coalitions from './coalitions.ts'
import * as Crypto from './crypto.ts'
import * as Records from './records.ts'

const { spec, task, placeOf, opened, drawn } = Parties
const parameters = Model.parameterCount(spec.model)
const modulus = 2n ** 44n

afterEach(Parties.close)

const schema: Schema.Schema = {
  v: 1,
  kind: 'image',
  title: 'Forties',
  features: [{ name: 'pixels', dtype: 'uint8', shape: [5, 8], range: { minimum: 0, maximum: 255 } }],
  label: { kind: 'classes', name: 'kind', classes: Array.from({ length: 10 }, (_, at) => `${at}`) },
}

function testSet(samples: number): ReturnType<typeof Examples.sourceOf> {
  const prng = Prng.from(7)
  const features = Uint8Array.from({ length: samples * 40 }, () => prng() % 256)
  const shard: DataSet.Shard = {
    samples,
    features,
    labels: Uint8Array.from({ length: samples }, () => prng() % 10),
  }
  return Examples.sourceOf(schema, [shard])
}

const started = async () => {
  const [owner, ...rest] = await Parties.committee(14)
  return { owner: owner!, providers: rest.slice(0, 9), members: rest.slice(9), threshold: 3 }
}
type Setting = Awaited<ReturnType<typeof started>>
type Begun = Awaited<ReturnType<typeof Parties.begun>>

/** Nine providers, three to a cohort, and what opens their three sums. */
async function played(setting: Setting, coalitions: readonly number[]) {
  const start = await Parties.begun(setting)
  const requests: OpenRequest[] = []
  for (const from of [0, 3, 6]) {
    const three = [from, from + 1, from + 2]
    const contributions = await Promise.all(
      three.map((i) => {
        const request = { ...start.requestOf(i), peers: start.peers.slice(from, from + 3) }
        return setting.providers[i]!.api.contribute(
          { ...request, samples: Parties.samplesOf(i - from) },
          Parties.silent,
        )
      }),
    )
    const cohort = { ...setting, providers: setting.providers.slice(from, from + 3) }
    const masks = start.masks.slice(from, from + 3)
    requests.push(await Parties.asked(cohort, { ...start, masks }, contributions, [0, 1, 2]))
  }
  return {
    start,
    request: { ...requests[0]!, cohorts: requests.flatMap((each) => each.cohorts), coalitions },
  }
}

/** A cohort's sum, added from what its providers packed, by the second implementation of masks. */
function sumOf({ providers }: Setting, { secrets }: Begun, from: number): Update.Sum {
  const parties = [from, from + 1, from + 2].map((i): Reference.Party => ({
    account: providers[i]!.identity.account,
    ...secrets[i]!,
  }))
  const levels = new Uint32Array(parameters)
  parties.forEach((party, at) => {
    const plains = providers[from + at]!.seen.plains[0]!
    const mask = Reference.mask(party, parties, placeOf(), { opened, cohorts: drawn }, plains.length * 4096)
    const bare = plains.map((plain, place) => {
      const numbers = [...new BigUint64Array(new Uint8Array(plain).buffer)]
      const found = numbers.map((number, i) => {
        const left = number - (mask[place * 4096 + i] ?? 0n)
        return ((left % modulus) + modulus) % modulus
      })
      return new Uint8Array(BigUint64Array.from(found).buffer)
    })
    Packing.unpack(bare, parameters, spec.he).forEach((level, i) => {
      levels[i] = (levels[i] ?? 0) + level
    })
  })
  return { levels, samples: [0, 1, 2].map(Parties.samplesOf) }
}

test('contributions of three cohorts are those of a direct evaluation', async () => {
  const setting = await started()
  const kernels = await Node.kernels()
  const source = testSet(400)
  const api = Crypto.create({
    safe: async () => setting.owner.safe,
    seal: Parties.seal,
    versions: Parties.versions,
    train: async () => Promise.reject(new Error('no training here')),
    score: async () => ({ evaluate: ({ model, weights }) => evaluate(kernels, model, weights, source) }),
  })
  const coalitions = Contribution.coalitions(3, Parties.record)
  const { start, request } = await played(setting, coalitions)
  const result = await api.open(request)

  const global = Model.initialise(spec.model, spec.training.seed)
  const sums = [0, 3, 6].map((from) => sumOf(setting, start, from))
  const counts: number[] = []
  for (const coalition of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const some = sums.filter((_, at) => ((coalition >> at) & 1) === 1)
    const weights = some.length === 0 ? global : Update.next(global, some, spec)
    counts.push((await evaluate(kernels, spec.model, [weights], source)).correct[0]!)
  }
  expect(result.worth).toEqual(counts)
  expect(new Set(counts).size).toBeGreaterThan(4)
  expect(result).toMatchObject({ correct: counts[7], total: 400 })

  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]
  const values = [0, 0, 0]
  for (const order of orders) {
    let coalition = 0
    for (const cohort of order) {
      const next = coalition | (1 << cohort)
      values[cohort] = values[cohort]! + counts[next]! - counts[coalition]!
      coalition = next
    }
  }
  expect(Contribution.values(3, result.worth, Parties.record)).toEqual(values.map((value) => value * 10))

  const stored = await setting.owner.safe.get(Records.models.id(task))
  expect(Records.models.decode(stored!).after).toBe(1)
})

test('the model of all cohorts is the next model, and a discarded sum changes nothing', async () => {
  const global = Float32Array.of(1, 2)
  const levels = (each: number) => ({ levels: Uint32Array.of(each, each), samples: [100] })
  const [a, b] = [levels(40_000), levels(50_000)]
  const seen: (readonly Float32Array[])[] = []
  const score = (sums: readonly (Update.Sum | undefined)[]) =>
    Coalitions.score({ global, sums, rules: spec }, [0, 1, 2, 3], async (weights) => {
      seen.push(weights)
      return { correct: weights.map((each) => Math.round(each[0]! * 1000)), total: 9, seconds: 0 }
    })
  const both = await score([a, b])
  expect(seen[0]?.[0]).toEqual(Update.next(global, [a, b], spec))
  expect(both.worth[3]).toBe(both.correct)
  expect(both.worth[0]).toBe(1000)
  const one = await score([a, undefined])
  expect(one.worth).toEqual([1000, one.correct, 1000, one.correct])
  expect(seen[1]).toHaveLength(2)
})
