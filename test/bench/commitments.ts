// What it costs to commit to encrypted updates, and to show one word of them under the commitment.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as He from '../../protocol/he.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Tree from '../../workers/crypto/tree.ts'
import * as Report from './report.ts'

export const providers = 16

export type Encrypted = readonly Uint8Array[]

/** Words of so many ciphertexts that pass every check; a tree and a sum do not care what they encrypt. */
export function random(ciphertexts: number): Encrypted {
  return Array.from({ length: ciphertexts }, () => {
    const words = new Uint8Array(Ciphertext.bytes)
    for (let from = 0; from < words.length; from += 65_536)
      crypto.getRandomValues(words.subarray(from, from + 65_536))
    // Below 2^59, and so below the modulus.
    for (let i = 7; i < words.length; i += 8) words[i] = (words[i] ?? 0) & 7
    return words
  })
}

/** Ciphertexts of an update of so many parameters, two 16-bit values to a coefficient. */
export function ciphertextsOf(parameters: number): number {
  return Packing.count(parameters, He.parametersFor(16, 64))
}

export const scales = {
  full: { parameters: 100_000, repetitions: 7 },
  small: { parameters: 8000, repetitions: 1 },
} as const satisfies Record<Report.Scale, unknown>

export function measure(scale: Report.Scale): Promise<Report.Report> {
  const { parameters, repetitions } = scales[scale]
  const ciphertexts = ciphertextsOf(parameters)
  const updates = Array.from({ length: providers }, () => random(ciphertexts))
  const [update = []] = updates
  const last = (ciphertexts * Ciphertext.bytes) / 32 - 1
  const root = Tree.root(update)
  const shown = Ciphertext.prove(update, last)
  if (Ciphertext.root(update) !== root) throw new Error('The two trees have different roots.')
  if (!Ciphertext.verify(root, ciphertexts, last, shown)) throw new Error('A word is not under its root.')

  const seconds = measured(repetitions, {
    [`trees of ${providers} updates`]: () => updates.map((each) => Tree.root(each)),
    'tree of one': () => Tree.root(update),
    'tree of one, in TypeScript': () => Ciphertext.root(update),
    'show a word of one': () => Ciphertext.prove(update, last),
    'verify a word': () => Ciphertext.verify(root, ciphertexts, last, shown),
  })
  const group = `${providers} x ${parameters.toLocaleString('en')}, 16-bit`
  const bytes = 32 * (1 + shown.proof.length)
  const rows = [
    ...[...seconds].map(([name, found]) => Report.row(group, name, 's', found)),
    Report.row(group, 'a word with its path', 'bytes', [bytes]),
  ]
  return Promise.resolve({ sizes: { parameters, ciphertexts, providers, repetitions }, rows })
}

/** Seconds of each step, which take turns; the first repetition warms up, and is not counted. */
export function measured(
  repetitions: number,
  steps: Readonly<Record<string, () => unknown>>,
): ReadonlyMap<string, readonly number[]> {
  const seconds = new Map<string, number[]>(Object.keys(steps).map((name) => [name, []]))
  for (let repetition = 0; repetition <= repetitions; repetition++)
    for (const [name, step] of Object.entries(steps)) {
      const before = performance.now()
      step()
      if (repetition > 0) seconds.get(name)?.push((performance.now() - before) / 1000)
    }
  return seconds
}
