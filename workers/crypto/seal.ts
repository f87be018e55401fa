// The one door to Microsoft SEAL: keys, encryption and decryption as bytes in and bytes out, nothing of it kept alive.
import initialize, { type ClassHandle, type MainModule, type SEALContext } from 'node-seal'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as He from '../../protocol/he.ts'
import * as Packing from '../../protocol/packing.ts'
import * as PublicKey from '../../protocol/publicKey.ts'
import * as Lanes from './lanes.ts'

export type KeyPair = {
  /** As SEAL saves it. */
  readonly secretKey: Uint8Array<ArrayBuffer>
  /** Passes `PublicKey.assert`. */
  readonly publicKey: Uint8Array<ArrayBuffer>
}

export type Seal = {
  keyPair(): KeyPair
  /** Ciphertexts (`Ciphertext.bytes` each) of plaintexts (`Packing.plainBytes` each). */
  encrypt(
    publicKey: Uint8Array,
    plains: readonly Uint8Array[],
    progress?: (done: number) => void,
  ): readonly Uint8Array<ArrayBuffer>[]
  /** Plaintexts of ciphertexts that this key's public half encrypted. Never show what foreign ciphertexts gave. */
  decrypt(secretKey: Uint8Array, ciphertexts: readonly Uint8Array[]): readonly Uint8Array<ArrayBuffer>[]
}

/** What SEAL writes before the words of a plaintext. */
const plainHeaderBytes = 88

let lanes: ReturnType<typeof Lanes.create> | undefined

/** Starts SEAL from the bytes of its WebAssembly module; the vault's origin may not fetch them. */
export async function load(wasm: Uint8Array): Promise<Seal> {
  const seal: MainModule = await initialize({ wasmBinary: wasm })
  const context = createContext(seal)
  const none = seal.ComprModeType.none

  return {
    keyPair: () =>
      within((keep) => {
        const generator = keep(new seal.KeyGenerator(context))
        const secretKey = bytesOf(keep(generator.secretKey()).saveToArray(none))
        const publicKey = bytesOf(keep(generator.createPublicKeySerializable()).saveToArray(none))
        return { secretKey, publicKey }
      }),

    encrypt: (publicKey, plains, progress) =>
      within((keep) => {
        PublicKey.assert(publicKey)
        const key = keep(new seal.PublicKey())
        key.loadFromArray(context, new Uint8Array(publicKey))
        const encryptor = keep(new seal.Encryptor(context, key))
        const ciphertext = keep(new seal.Ciphertext())
        return plains.map((plain, index) => {
          assertPlain(plain)
          encryptor.encryptZero(ciphertext)
          const words = stripped(bytesOf(ciphertext.saveToArray(none)))
          addScaled(plain, words)
          progress?.(index + 1)
          return words
        })
      }),

    decrypt: (secretKey, ciphertexts) =>
      within((keep) => {
        const key = keep(new seal.SecretKey())
        key.loadFromArray(context, new Uint8Array(secretKey))
        const decryptor = keep(new seal.Decryptor(context, key))
        const plain = keep(new seal.Plaintext())
        const ciphertext = keep(new seal.Ciphertext())
        return ciphertexts.map((words, index) => {
          Ciphertext.assert(words, index)
          ciphertext.loadFromArray(context, restored(words))
          decryptor.decrypt(ciphertext, plain)
          const found = bytesOf(plain.saveToArray(none)).subarray(plainHeaderBytes)
          const coefficients = new Uint8Array(Packing.plainBytes)
          coefficients.set(found)
          return coefficients
        })
      }),
  }
}

function createContext(seal: MainModule): SEALContext {
  return within((keep) => {
    const parameters = keep(new seal.EncryptionParameters(seal.SchemeType.bfv))
    parameters.setPolyModulusDegree(He.degree)
    const primes = keep(new seal.VectorModulus())
    primes.push_back(keep(new seal.Modulus(He.q)))
    parameters.setCoeffModulus(primes)
    parameters.setPlainModulus(keep(new seal.Modulus(BigInt(He.t))))
    return new seal.SEALContext(parameters, false, seal.SecLevelType.tc128)
  })
}

/**
 * What encrypts a plaintext, done to an encryption of zero: SEAL scales coefficients by long division, bit by bit, in which
 * it would spend three quarters of the time.
 */
function addScaled(plain: Uint8Array, words: Uint8Array): void {
  lanes ??= Lanes.create()
  const { memory, scale } = lanes
  memory.set(plain)
  memory.set(words.subarray(0, Packing.plainBytes), Lanes.middle)
  scale(0, Lanes.middle, He.degree)
  words.set(memory.subarray(Lanes.middle, Lanes.middle + Packing.plainBytes))
}

function assertPlain(plain: Uint8Array): void {
  if (plain.length !== Packing.plainBytes) throw new RefusedError(`a plaintext has ${plain.length} bytes`)
  const words = new DataView(plain.buffer, plain.byteOffset, plain.length)
  let upper = 0
  for (let at = 4; at < plain.length; at += 8) upper |= words.getUint32(at, true)
  if (upper >>> (He.plainBits - 32) !== 0)
    throw new RefusedError(`a coefficient has more than ${He.plainBits} bits`)
}

/** The words of a saved ciphertext, without what everybody knows. */
function stripped(saved: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { header } = Ciphertext
  if (saved.length !== header.length + Ciphertext.bytes || header.some((byte, i) => byte !== saved[i]))
    throw new RefusedError('it saved a ciphertext of another format')
  const words = saved.slice(header.length)
  // Given back at once, for the next: browsers take longer to find fresh memory than to copy into it.
  saved.buffer.transfer(0)
  return words
}

function restored(words: Uint8Array): Uint8Array<ArrayBuffer> {
  const saved = new Uint8Array(Ciphertext.header.length + Ciphertext.bytes)
  saved.set(Ciphertext.header)
  saved.set(words, Ciphertext.header.length)
  return saved
}

/** Runs `use` and frees everything it kept, also when SEAL throws. */
function within<result>(
  use: (keep: <handle extends ClassHandle>(handle: handle) => handle) => result,
): result {
  const kept: ClassHandle[] = []
  try {
    return use((handle) => {
      kept.push(handle)
      return handle
    })
  } catch (cause) {
    if (cause instanceof BaseError) throw cause
    throw new RefusedError(reason(cause))
  } finally {
    for (const handle of kept.reverse()) handle.delete()
  }
}

/** Bytes outside of SEAL's memory, as it saves them. */
function bytesOf(saved: unknown): Uint8Array<ArrayBuffer> {
  if (!(saved instanceof Uint8Array && saved.buffer instanceof ArrayBuffer))
    throw new RefusedError('it saved no bytes')
  return new Uint8Array(saved.buffer, saved.byteOffset, saved.length)
}

/** A C++ exception carries its type and its text. */
function reason(cause: unknown): string {
  const message: unknown =
    typeof cause === 'object' && cause !== null && 'message' in cause ? cause.message : cause
  return Array.isArray(message) ? message.join(': ') : String(message)
}

export class RefusedError extends BaseError {
  override readonly name = 'Seal.RefusedError'
  constructor(what: string) {
    super({
      message: `The encryption library refused its input (${what}).`,
      advice: 'The bytes are damaged or their sender is faulty; this round is skipped.',
    })
  }
}
