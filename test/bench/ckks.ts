// Encryption of updates as others do it: CKKS under a public key, by the same library, into bytes without compression.
import initialize, { type MainModule } from 'node-seal'

export type Scheme = { readonly name: string; readonly primes: readonly number[]; readonly scale: number }

/** FedML-HE (arXiv:2303.10837): 4,096 values of 52 bits to a ciphertext. */
export const fedmlHe: Scheme = { name: 'FedML-HE-like CKKS', primes: [60, 52, 60], scale: 2 ** 52 }
/** TenSEAL's usual context. */
export const tenseal: Scheme = { name: 'TenSEAL-like CKKS', primes: [60, 40, 40, 60], scale: 2 ** 40 }

export type Ckks = {
  /** Encodes, encrypts and serialises; the bytes that it made are only counted. */
  encrypt(values: Float64Array): number
}

const degree = 8192

/** Refuses to be measured if what it encrypts does not decrypt to what went in. */
export async function load(wasm: Uint8Array, { primes, scale }: Scheme): Promise<Ckks> {
  const seal: MainModule = await initialize({ wasmBinary: wasm })
  const parameters = new seal.EncryptionParameters(seal.SchemeType.ckks)
  parameters.setPolyModulusDegree(degree)
  parameters.setCoeffModulus(seal.CoeffModulus.Create(degree, Int32Array.from(primes)))
  const context = new seal.SEALContext(parameters, true, seal.SecLevelType.tc128)
  const generator = new seal.KeyGenerator(context)
  const encoder = new seal.CKKSEncoder(context)
  const encryptor = new seal.Encryptor(context, generator.createPublicKey())
  const plain = new seal.Plaintext()
  const ciphertext = new seal.Ciphertext()
  const slots = encoder.slotCount()

  const encrypt = (values: Float64Array): number => {
    let bytes = 0
    for (let from = 0; from < values.length; from += slots) {
      encoder.encode(values.subarray(from, from + slots), scale, plain)
      encryptor.encrypt(plain, ciphertext)
      const saved: unknown = ciphertext.saveToArray(seal.ComprModeType.none)
      if (!(saved instanceof Uint8Array)) throw new Error('CKKS saved no bytes.')
      bytes += new Uint8Array(saved).length
    }
    return bytes
  }

  const values = Float64Array.from({ length: slots }, (_, i) => Math.sin(i))
  encrypt(values)
  new seal.Decryptor(context, generator.secretKey()).decrypt(ciphertext, plain)
  const found: unknown = encoder.decodeFloat64(plain)
  if (
    !(found instanceof Float64Array) ||
    values.some((value, i) => Math.abs(value - (found[i] ?? NaN)) > 1e-6)
  )
    throw new Error('CKKS does not give back what was encrypted.')
  return { encrypt }
}
