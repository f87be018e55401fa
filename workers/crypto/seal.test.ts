import { readFile } from 'node:fs/promises'
import initialize from 'node-seal'
import * as fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as He from '../../protocol/he.ts'
import * as Packing from '../../protocol/packing.ts'
import * as PublicKey from '../../protocol/publicKey.ts'
import * as Lanes from './lanes.ts'
import * as Seal from './seal.ts'

let wasm: Uint8Array
let seal: Seal.Seal
let memory: WebAssembly.Memory | undefined

beforeAll(async () => {
  wasm = await readFile('node_modules/node-seal/dist/seal_throws.wasm')
  const spy = vi.spyOn(WebAssembly, 'instantiate')
  seal = await Seal.load(wasm)
  const started: unknown = await spy.mock.results[0]?.value
  spy.mockRestore()
  memory = memoryOf(started)
})

test('a round’s key pair has the format that everybody checks', () => {
  const { publicKey } = seal.keyPair()
  expect(publicKey.length).toBe(PublicKey.bytes)
  expect(() => PublicKey.assert(publicKey)).not.toThrow()
  expect(Buffer.compare(publicKey, seal.keyPair().publicKey)).not.toBe(0)
})

test.each([1, 2, 3, 8, 9, 16, 33, 64])('the sum over %i providers is exact, bit for bit', (providers) => {
  const { publicKey, secretKey } = seal.keyPair()
  const layouts = [He.parametersFor(16, 64), ...(providers <= 8 ? [He.parametersFor(8, 8)] : [])]
  for (const he of layouts) {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9000 }), fc.integer(), (length, seed) => {
        const values = Array.from({ length: providers }, (_, k) => levels(length, he, seed + k))
        const updates = values.map((each) => seal.encrypt(publicKey, Packing.pack(each, he)))
        const opened = seal.decrypt(secretKey, Ciphertext.sum(updates))
        const expected = new Uint32Array(length).map((_, i) =>
          values.reduce((sum, each) => sum + (each[i] ?? 0), 0),
        )
        expect(Packing.unpack(opened, length, he)).toEqual(expected)
      }),
      { numRuns: providers > 8 ? 2 : 4 },
    )
  }
})

test('the largest values of the largest cohorts do not overflow', () => {
  const { publicKey, secretKey } = seal.keyPair()
  for (const [he, providers] of [
    [He.parametersFor(16, 64), 64],
    [He.parametersFor(8, 8), 8],
  ] as const) {
    const most = new Uint32Array(3000).fill(2 ** he.valueBits - 1)
    const updates = Array.from({ length: providers }, () => seal.encrypt(publicKey, Packing.pack(most, he)))
    const sums = Packing.unpack(seal.decrypt(secretKey, Ciphertext.sum(updates)), most.length, he)
    expect(sums.every((sum) => sum === providers * (2 ** he.valueBits - 1))).toBe(true)
  }
})

test('adding words is what SEAL’s evaluator does, on every coefficient', async () => {
  const { raw, load, evaluator, words } = await bareSeal()
  const he = He.parametersFor(16, 64)
  const { publicKey } = seal.keyPair()
  const [a, b] = [1, 2].map((seed) => seal.encrypt(publicKey, Packing.pack(levels(8184, he, seed), he)))
  if (!a || !b) throw new Error('nothing was encrypted')
  const left = load(a[0])
  evaluator.addInplace(left, load(b[0]))
  const saved: unknown = left.saveToArray(raw.ComprModeType.none)
  if (!(saved instanceof Uint8Array)) throw new Error('nothing was saved')
  expect(saved.length).toBe(65_649)
  expect(Buffer.compare(saved.subarray(0, 113), Ciphertext.header)).toBe(0)
  expect(Buffer.compare(words(left), Ciphertext.sum([a, b])[0] ?? new Uint8Array())).toBe(0)
})

test('adding a scaled plaintext is what SEAL’s evaluator does, on every coefficient', async () => {
  const { raw, context, load, evaluator, words } = await bareSeal()
  const numbers = BigUint64Array.from(
    { length: He.degree },
    (_, i) => (BigInt(i) ** 5n * 977n) % BigInt(He.t),
  )
  numbers.set([0n, 1n, BigInt(He.t) - 1n, BigInt(He.t) / 2n, BigInt(He.t) / 2n - 1n, BigInt(He.t) / 2n + 1n])
  const [zero] = seal.encrypt(seal.keyPair().publicKey, [new Uint8Array(Packing.plainBytes)])
  const loaded = load(zero)
  const plain = new raw.Plaintext(He.degree)
  const saved: unknown = plain.saveToArray(raw.ComprModeType.none)
  if (!(saved instanceof Uint8Array)) throw new Error('nothing was saved')
  saved.set(new Uint8Array(numbers.buffer), saved.length - Packing.plainBytes)
  plain.loadFromArray(context, saved)
  evaluator.addPlainInplace(loaded, plain)
  const { memory, scale } = Lanes.create()
  memory.set(new Uint8Array(numbers.buffer))
  memory.set(zero?.subarray(0, Packing.plainBytes) ?? [], Lanes.middle)
  scale(0, Lanes.middle, He.degree)
  const sum = Uint8Array.from(zero ?? [])
  sum.set(memory.subarray(Lanes.middle, Lanes.middle + Packing.plainBytes))
  expect(Buffer.compare(words(loaded), sum)).toBe(0)
})

test('encryption is randomised: equal updates do not look equal', () => {
  const { publicKey } = seal.keyPair()
  const plains = Packing.pack(new Uint32Array(10), He.parametersFor(16, 64))
  const [a] = seal.encrypt(publicKey, plains)
  const [b] = seal.encrypt(publicKey, plains)
  expect(Buffer.compare(a ?? new Uint8Array(), b ?? new Uint8Array())).not.toBe(0)
})

test('another round’s key opens nothing', () => {
  const he = He.parametersFor(16, 64)
  const update = seal.encrypt(seal.keyPair().publicKey, Packing.pack(levels(100, he, 5), he))
  expect(() => Packing.unpack(seal.decrypt(seal.keyPair().secretKey, update), 100, he)).toThrow(
    Packing.GuardError,
  )
})

test('garbage is refused, and frees what it took', () => {
  const { publicKey, secretKey } = seal.keyPair()
  const plains = Packing.pack(new Uint32Array(10), He.parametersFor(16, 64))
  const key = (at: number, byte: number) => publicKey.map((each, i) => (i === at ? byte : each))
  expect(() => seal.encrypt(publicKey.subarray(1), plains)).toThrow(PublicKey.StructureError)
  expect(() => seal.encrypt(key(20, 0), plains)).toThrow('its parameters are others')
  expect(() => seal.encrypt(key(113 + 7, 0xff), plains)).toThrow('coefficient 0 is not below the modulus')
  expect(() => seal.encrypt(key(113 + 32_768 + 16, 0), plains)).toThrow('not seeded')
  expect(() =>
    seal.encrypt(
      publicKey.map((each, i) => (i > 112 && i < 32_881 ? 0 : each)),
      plains,
    ),
  ).toThrow('first half')
  expect(() => seal.encrypt(publicKey, [new Uint8Array(Packing.plainBytes).fill(255)])).toThrow(
    Seal.RefusedError,
  )
  expect(() => seal.decrypt(secretKey, [new Uint8Array(Ciphertext.bytes)])).toThrow(Ciphertext.StructureError)
  expect(() => seal.decrypt(secretKey.subarray(9), [])).toThrow(Seal.RefusedError)
})

test('memory stays flat over 100 rounds of keys, encryption, refusal and decryption', () => {
  const he = He.parametersFor(16, 64)
  const plains = Packing.pack(levels(100, he, 3), he)
  const round = () => {
    const { publicKey, secretKey } = seal.keyPair()
    expect(() => seal.encrypt(publicKey, [new Uint8Array(Packing.plainBytes).fill(255)])).toThrow()
    expect(() => seal.decrypt(secretKey.subarray(9), [])).toThrow()
    return seal.decrypt(secretKey, seal.encrypt(publicKey, plains))
  }
  for (let i = 0; i < 5; i++) round()
  const before = memory?.buffer.byteLength
  for (let i = 0; i < 100; i++) round()
  expect(before).toBeGreaterThan(0)
  expect(memory?.buffer.byteLength).toBe(before)
})

/** SEAL itself with our parameters, and ciphertexts in and out of it. */
async function bareSeal() {
  const raw = await initialize({ wasmBinary: wasm })
  const parameters = new raw.EncryptionParameters(raw.SchemeType.bfv)
  parameters.setPolyModulusDegree(He.degree)
  const primes = new raw.VectorModulus()
  primes.push_back(new raw.Modulus(He.q))
  parameters.setCoeffModulus(primes)
  parameters.setPlainModulus(new raw.Modulus(BigInt(He.t)))
  const context = new raw.SEALContext(parameters, false, raw.SecLevelType.tc128)
  const load = (words: Uint8Array = new Uint8Array()) => {
    const loaded = new raw.Ciphertext()
    loaded.loadFromArray(context, Uint8Array.from(Buffer.concat([Ciphertext.header, words])))
    return loaded
  }
  const words = (loaded: ReturnType<typeof load>): Uint8Array => {
    const saved: unknown = loaded.saveToArray(raw.ComprModeType.none)
    if (!(saved instanceof Uint8Array)) throw new Error('nothing was saved')
    return saved.subarray(Ciphertext.header.length)
  }
  return { raw, context, load, words, evaluator: new raw.Evaluator(context) }
}

function levels(length: number, he: He.Parameters, seed: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length }, (_, i) => (Math.imul(i + 1, seed | 1) >>> 3) % 2 ** he.valueBits)
}

function memoryOf(started: unknown): WebAssembly.Memory | undefined {
  if (typeof started !== 'object' || started === null || !('instance' in started)) return undefined
  if (!(started.instance instanceof WebAssembly.Instance)) return undefined
  return Object.values(started.instance.exports).find((each) => each instanceof WebAssembly.Memory)
}
