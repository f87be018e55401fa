// What the private round costs: a data provider's update beside others' encryption, and what the others do with it. What is
// measured is what the crypto worker runs.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as EncryptedUpdate from '../../protocol/encryptedUpdate.ts'
import * as He from '../../protocol/he.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Update from '../../protocol/update.ts'
import * as Crypto from '../../workers/crypto/crypto.ts'
import * as Inlined from '../../workers/crypto/inlined.ts'
import { protect } from '../../workers/crypto/protect.ts'
import * as Round from '../../workers/crypto/round.ts'
import * as Seal from '../../workers/crypto/seal.ts'
import * as Stream from '../../workers/crypto/stream.ts'
import * as Tree from '../../workers/crypto/tree.ts'
import * as Ckks from './ckks.ts'
import * as Cohort from './cohort.ts'
import * as Heap from './heap.ts'
import * as Report from './report.ts'

const providers = 16
/** Of the time that FedML-HE-like takes. */
const mostTime = 1 / 4
/** Layouts by the bits of a value, 2 and 4 values to a coefficient; bytes a parameter, and of what FedML-HE-like takes. */
const layouts = [
  { name: '16-bit values, 2 x 22', he: He.parametersFor(16, 64), mostBytes: 7.6, mostOfTheirs: 1 / 8 },
  { name: '8-bit values, 4 x 11', he: He.parametersFor(8, 8), mostBytes: 3.8, mostOfTheirs: 1 / 16 },
] as const
type Layout = (typeof layouts)[number]

/** Ciphertexts that the wider layout fills to the last guard. */
const sizes = {
  full: { ciphertexts: 61, repetitions: 7, committee: 100_000 },
  small: { ciphertexts: 1, repetitions: 1, committee: 3000 },
} as const satisfies Record<Report.Scale, unknown>

const clip = 2
const silent = () => undefined

export async function measure(scale: Report.Scale, progress: (line: string) => void): Promise<Report.Report> {
  const { ciphertexts, repetitions, committee } = sizes[scale]
  const parameters = 4 * He.degree * ciphertexts - Packing.guards
  const { started: seal, memory } = await Heap.watched(() => Seal.load(Inlined.wasm()))
  const client = await clientRows(seal, memory, parameters, repetitions, scale, progress)
  progress(`committee: ${providers} updates of ${committee} parameters`)
  const others = await committeeRows(seal, committee, repetitions)
  return { sizes: { parameters, providers, repetitions, committee }, rows: [...client, ...others] }
}

async function clientRows(
  seal: Seal.Seal,
  memory: WebAssembly.Memory,
  parameters: number,
  repetitions: number,
  scale: Report.Scale,
  progress: (line: string) => void,
): Promise<readonly Report.Row[]> {
  const schemes = [Ckks.fedmlHe, Ckks.tenseal]
  const theirs = await Promise.all(schemes.map((scheme) => Ckks.load(Inlined.wasm(), scheme)))
  const cohort = Cohort.of(providers)
  const change = changeOf(parameters, 1)
  const { publicKey } = seal.keyPair()
  const seconds = new Map<string, number[]>()
  const bytes = new Map<string, number>()
  const heaps: number[] = []
  const perMillion = 1e6 / parameters
  const note = (name: string, found: number) =>
    seconds.set(name, [...(seconds.get(name) ?? []), found * perMillion])

  // The first repetition warms up, and is not counted.
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    progress(`client: repetition ${repetition} of ${repetitions}`)
    if (repetition === 1) seconds.clear()
    for (const layout of layouts) {
      const rules = rulesOf(layout.he, parameters)
      const spent = stopwatch()
      const masks = await Cohort.masksOf(cohort[0] ?? never(), cohort)
      const update = await protect(change, rules, masks, publicKey, seal, silent)
      const packed = update.ciphertexts.map((words) => Ciphertext.pack(words))
      note(layout.name, spent())
      const object = EncryptedUpdate.encode(packed)
      bytes.set(layout.name, (packed.length * Ciphertext.packedBytes + object.length) / parameters)
    }
    for (const [i, { name }] of schemes.entries()) {
      const spent = stopwatch()
      const made = theirs[i]?.encrypt(change) ?? NaN
      note(name, spent())
      bytes.set(name, made / parameters)
    }
    for (const layout of layouts) await parts(layout, change, cohort, publicKey, seal, note)
    heaps.push(memory.buffer.byteLength)
  }

  const [first = NaN, ...later] = heaps
  const theirTime = seconds.get(Ckks.fedmlHe.name) ?? []
  const theirBytes = bytes.get(Ckks.fedmlHe.name) ?? NaN
  const sizesOfTheirs = layouts.map(({ name, mostOfTheirs }) => {
    const found = (bytes.get(name) ?? NaN) / theirBytes
    return Report.row('on the wire, of FedML-HE-like', name, 'x', [found], mostOfTheirs)
  })
  const timesOfTheirs = layouts.map(({ name }) => {
    const found = (seconds.get(name) ?? []).map((each, i) => each / (theirTime[i] ?? NaN))
    const limit = scale === 'full' ? mostTime : undefined
    return Report.row('client, of FedML-HE-like', name, 'x', found, limit)
  })
  const limitOf = (name: string) => layouts.find((layout) => layout.name === name)?.mostBytes
  return [
    ...[...bytes].map(([name, each]) =>
      Report.row('on the wire', name, 'bytes/parameter', [each], limitOf(name)),
    ),
    ...sizesOfTheirs,
    ...[...seconds].map(([name, found]) => Report.row('client', name, 's/million', found)),
    ...timesOfTheirs,
    Report.row(
      'memory',
      'SEAL’s heap',
      'MiB',
      heaps.map((each) => each / 2 ** 20),
    ),
    Report.row('memory', 'its growth after the first', 'bytes', [Math.max(...later) - first], 0),
  ]
}

/** The same work once more, step by step. */
async function parts(
  { name, he }: Layout,
  change: Float64Array,
  cohort: readonly Cohort.Provider[],
  publicKey: Uint8Array,
  seal: Seal.Seal,
  note: (name: string, seconds: number) => void,
): Promise<void> {
  const rules = rulesOf(he, change.length)
  const random = new Uint8Array(change.length * Update.randomBytes)
  const step = async <result>(what: string, take: () => result | Promise<result>): Promise<result> => {
    const spent = stopwatch()
    const result = await take()
    note(`  ${name.split(',')[0]}: ${what}`, spent())
    return result
  }
  const masks = await step('agree on masks', () => Cohort.masksOf(cohort[0] ?? never(), cohort))
  const levels = await step('quantise', () => Update.quantise(change, rules, random))
  const plains = await step('pack', () => Packing.pack(levels, he))
  const masked = await step('mask', () => Stream.apply(plains, masks))
  const ciphertexts = await step('encrypt', () => seal.encrypt(publicKey, masked))
  await step('tree', () => Tree.root(ciphertexts))
  await step('serialise', () => ciphertexts.map((words) => Ciphertext.pack(words)))
}

async function committeeRows(
  seal: Seal.Seal,
  parameters: number,
  repetitions: number,
): Promise<readonly Report.Row[]> {
  const [{ he }] = layouts
  const rules = rulesOf(he, parameters)
  const cohort = Cohort.of(providers)
  const { publicKey, secretKey } = seal.keyPair()
  const updates: (readonly Uint8Array[])[] = []
  for (const [i, provider] of cohort.entries()) {
    const masks = await Cohort.masksOf(provider, cohort)
    updates.push((await protect(changeOf(parameters, i), rules, masks, publicKey, seal, silent)).ciphertexts)
  }
  const wire = updates[0]?.map((words) => Ciphertext.pack(words)) ?? never()
  const nobody = () => Promise.reject(new Error('Adding needs nobody else.'))
  const member = Crypto.create({ safe: nobody, seal: nobody, train: nobody, score: nobody, versions: nobody })
  const { members, seeds } = Cohort.survivors(cohort)

  const seconds = new Map<string, number[]>()
  const step = async <result>(what: string, take: () => result | Promise<result>): Promise<result> => {
    const spent = stopwatch()
    const result = await take()
    seconds.set(what, [...(seconds.get(what) ?? []), spent()])
    return result
  }
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    if (repetition === 1) seconds.clear()
    const parsed = await step('one update: parse', () => wire.map((each, i) => Ciphertext.unpack(each, i)))
    await step('one update: structure and root', () => member.check(parsed))
    const sum = await step('add all: structures, sum, its root', () => member.aggregate(updates))
    await step('  of which the sum’s root', () => Tree.root(sum.ciphertexts))
    const request = { place: Cohort.place, opened: Cohort.view.opened, cohortsDigest: Cohort.view.cohorts }
    const opened = await step('model provider: decrypt, unmask, check', () =>
      Round.sumOf(request, { sum: sum.ciphertexts, members }, seeds, parameters, rules, (words) =>
        seal.decrypt(secretKey, words),
      ),
    )
    assertExact(opened, parameters, rules)
  }
  const group = `${providers} x ${parameters.toLocaleString('en')}, 16-bit`
  return [...seconds].map(([name, found]) => Report.row(group, name, 's', found))
}

/** Stochastic rounding leaves each level less than one step from its coordinate. */
function assertExact(
  opened: Awaited<ReturnType<typeof Round.sumOf>>,
  parameters: number,
  rules: Update.Rules,
): void {
  if (!('levels' in opened)) throw new Error(`The sum was discarded: ${opened.discarded}.`)
  const changes = Array.from({ length: providers }, (_, i) => changeOf(parameters, i))
  opened.levels.forEach((level, i) => {
    const exact = changes.reduce((sum, change) => sum + (change[i] ?? NaN), 0) / Update.step(rules)
    if (!(Math.abs(level - providers * Update.zeroPoint(rules.he) - exact) < providers))
      throw new Error(`Parameter ${i} of the sum is wrong.`)
  })
}

/** A clipped update that uses the whole range. */
function changeOf(parameters: number, phase: number): Float64Array {
  const height = clip / Math.sqrt(parameters)
  return Float64Array.from({ length: parameters }, (_, i) => height * Math.sin(i + phase))
}

function rulesOf(he: He.Parameters, parameters: number): Update.Rules {
  return { he, clip, range: Update.rangeFor(clip, parameters), sampleCap: 100 }
}

/** Seconds since it was made. */
function stopwatch(): () => number {
  const started = performance.now()
  return () => (performance.now() - started) / 1000
}

function never(): never {
  throw new Error('A cohort has members, and an update ciphertexts.')
}
