// What it costs to prove that a committee signed a wrong sum: finding the word, showing it, and the market's gas.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Evidence from '../../protocol/evidence.ts'
import * as He from '../../protocol/he.ts'
import * as Record from '../../protocol/record.ts'
import gas from '../../contracts/snapshots/proofs.json'
import * as Commitments from './commitments.ts'
import * as Report from './report.ts'

const digest: Hex = `0x${'0d'.repeat(32)}`

export function measure(scale: Report.Scale): Promise<Report.Report> {
  const { parameters, repetitions } = Commitments.scales[scale]
  const { providers } = Commitments
  const ciphertexts = Commitments.ciphertextsOf(parameters)
  const updates = Array.from({ length: providers }, () => Commitments.random(ciphertexts))
  const right = Ciphertext.sum(updates)
  // The last coefficient of all is wrong, so that the whole sum is looked through.
  const sum = right.map((words, at) => (at === ciphertexts - 1 ? oneBitOff(words) : words))
  const round = committed(updates, sum)
  const wrong = Ciphertext.proveWrong(updates, sum)
  if (wrong === undefined) throw new Error('The wrong sum was not noticed.')
  const { evidence } = Evidence.wrongWord(round, 0, wrong)

  const seconds = Commitments.measured(repetitions, {
    'find the wrong word': () => Ciphertext.wrongWord(updates, sum),
    'find it and show it, with all trees': () => Ciphertext.proveWrong(updates, sum),
    'verify it and encode the evidence': () => Evidence.wrongWord(round, 0, wrong),
  })
  const group = `a wrong sum of ${providers} x ${parameters.toLocaleString('en')}, 16-bit`
  const rows = [
    ...[...seconds].map(([name, found]) => Report.row(group, name, 's', found)),
    Report.row(group, 'evidence', 'bytes', [evidence.length / 2 - 1]),
    ...([8, 64] as const).map((inputs) => {
      const row = Report.row('proving it to the market', `${inputs} inputs`, 'gas', [
        Number(gas[`wrong sum, ${inputs} inputs`]),
      ])
      return Report.noted(row, 'as contracts/snapshots has it')
    }),
  ]
  return Promise.resolve({ sizes: { parameters, ciphertexts, providers, repetitions }, rows })
}

function oneBitOff(words: Uint8Array): Uint8Array {
  const at = words.length - 8
  return words.with(at, (words[at] ?? 0) ^ 1)
}

/** A log of one round with one cohort; nothing here reads its signatures. */
function committed(updates: readonly Commitments.Encrypted[], sum: Commitments.Encrypted): Evidence.Round {
  const signature: Hex = `0x${'00'.repeat(65)}`
  const inputs = updates.map((update) => ({ root: Ciphertext.root(update), signature }))
  const cohorts = [{ inputs, sumRoot: Ciphertext.root(sum) }]
  const sums = { q: He.q, t: BigInt(He.t), n: He.degree, ciphertexts: sum.length, cohorts }
  const all = Record.bitmapOf(updates.map((_, seat) => seat))
  const record = {
    ...{ round: 1, closes: 1, opened: digest, cohortsDigest: digest, aggregator: 0 },
    ...{ delivered: all, survivors: all, cohorts: [all], jobs: 0n, sums: Record.sums(sums) },
  }
  return { log: [{ record, signers: 0b111, block: 1 }], round: 1, sums }
}
