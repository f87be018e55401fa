// The committee signs what is false about a round's sums: the signers lose, and nobody else is moved by a unit.
import { encodeAbiParameters, decodeAbiParameters } from 'viem'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Evidence from '../../protocol/evidence.ts'
import * as Record from '../../protocol/record.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Books from './books.ts'
import * as Cast from './cast.ts'
import * as Play from './play.ts'
import type * as Rounds from './rounds.ts'
import * as Stage from './stage.ts'

const { model, stranger } = Cast.players
const { datas } = Cast.parties
const parameters = Evidence.parameters

let stage: Stage.Stage

beforeAll(async () => {
  stage = await Stage.open()
})
beforeEach(() => stage.rewind())
afterAll(() => stage.close())

/** One bit of one coefficient in the third of four ciphertexts. */
const corrupt = (sum: readonly Uint8Array[]) =>
  sum.map((words, at) => words.map((byte, i) => (at === 2 && i === 8 * 5_001 ? byte ^ 1 : byte)))

test('a wrong sum: its signers lose their bonds and pay to the model provider', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  const honest = await play.commit({ round: 1 })
  const wrong = await play.commit({ round: 3, corrupt })
  await play.commit({ round: 4, signers: [1, 2, 3] })

  const about = { log: play.history().rounds, round: 3, sums: wrong.sums }
  const [first, second] = wrong.bytes
  if (first === undefined || second === undefined) throw new Error('there are two cohorts')
  expect(() => Evidence.wrongSum(about, 0, first)).toThrow('every word of the sum is right')
  const earlier = { ...about, round: 1, sums: honest.sums }
  expect(() => Evidence.wrongSum(earlier, 1, second)).toThrow('the sum is another')
  const evidence = Evidence.wrongSum(about, 1, second)
  await refuseOtherWords(play, evidence, second)

  await play.prove(stranger, evidence)
  expect(play.events.at(-1)).toMatchObject({ name: 'Slashed', round: 3, seats: 0b0111 })
  expect(await stage.refusal(stranger, play.proveCall(evidence))).toEqual(['AlreadyProven', play.place.task])
  const proven = await Books.page(stage, 'proven')

  const utilities = [
    [30, 20],
    [0, 9],
  ]
  await play.settle(model, utilities)
  await play.claim()
  expect(await stage.refusal(stranger, play.proveCall(evidence))).toContain('NotProvable')
  const after = await Books.page(stage, 'claimed')
  Books.print('A wrong sum, signed by compute providers 0, 1 and 2', [before, proven, after])
  const changes = Books.changes(before, after)
  expect(changes).toEqual(play.owed())
  for (const seat of [0, 1, 2]) expect(changes[`compute provider ${seat}`]).toBe(-Cast.computeBond)
  expect(changes).not.toHaveProperty('stranger')
  expect(after.escrow).toBe(0n)
})

/** The same evidence about a word that is right, that is another, or that is none. */
async function refuseOtherWords(
  play: Play.Play,
  { charge, evidence }: Evidence.Evidence,
  bytes: Evidence.Bytes,
): Promise<void> {
  const [logged, summed, word] = decodeAbiParameters(parameters.wrongSum, evidence)
  const index = Number(word.index)
  expect(index).toBe(2 * 2048 + Math.floor(5_001 / 4))
  const refusal = (other: typeof word, log = logged) =>
    stage.refusal(
      stranger,
      play.proveCall({ charge, evidence: encodeAbiParameters(parameters.wrongSum, [log, summed, other]) }),
    )
  const right = wordOf(bytes, index + 1)
  expect(await refusal(right)).toEqual(['SumRight', right.index])
  expect(await refusal({ ...word, sum: right.sum })).toEqual(['WordProofInvalid', 4n])
  expect(await refusal({ ...word, index: right.index })).toEqual(['WordProofInvalid', 0n])
  expect(await refusal({ ...word, sumProof: word.sumProof.slice(1) })).toEqual(['WordProofInvalid', 4n])
  expect(await refusal({ ...word, index: 8_192n })).toEqual(['WordOutOfRange', 8_192n, 8_192])
  expect(await refusal({ ...word, inputs: word.inputs.slice(1) })).toEqual(['WordCountInvalid', 3n, 4n])
  expect(await refusal(word, { ...logged, later: [] })).toEqual(['LogMismatch', play.place.task])
  expect(await refusal(word, { ...logged, signers: 0b1000 })).toEqual(['LogMismatch', play.place.task])
}

test('the first word and the last are proven, beside padding too, and padding is no word', async () => {
  const play = await Play.begin(stage, { ciphertexts: 3 })
  const bent = (at: number, byte: number) => (sum: readonly Uint8Array[]) =>
    sum.map((words, i) => (i === at ? words.with(byte, (words[byte] ?? 0) ^ 1) : words))
  const first = await play.commit({ round: 1, corrupt: bent(0, 0) })
  const last = await play.commit({ round: 2, corrupt: bent(2, Ciphertext.bytes - 8), signers: [1, 2, 3] })
  const places = [
    { round: 1, index: 0n, ...first },
    { round: 2, index: 6_143n, ...last },
  ]
  for (const { round, index, sums, bytes } of places) {
    const [, second] = bytes
    if (second === undefined) throw new Error('there are two cohorts')
    const proof = Evidence.wrongSum({ log: play.history().rounds, round, sums }, 1, second)
    const [logged, summed, word] = decodeAbiParameters(parameters.wrongSum, proof.evidence)
    expect(word.index).toBe(index)
    const evidence = encodeAbiParameters(parameters.wrongSum, [logged, summed, { ...word, index: 6_144n }])
    expect(await stage.refusal(stranger, play.proveCall({ ...proof, evidence }))).toEqual([
      'WordOutOfRange',
      6_144n,
      6_144,
    ])
    await play.prove(stranger, proof)
  }
  expect(play.history().slashed).toBe(0b1111)
})

test('a forged input, proven after settlement: no leaf moves but those of its signers', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  await play.commit({ round: 1 })
  const forged = await play.commit({ round: 2, forged: 4, signers: [1, 2, 3] })
  await play.settle(model, [[7, 7]])
  const settled = await Books.page(stage, 'settled')

  const about = { log: play.history().rounds, round: 2, sums: forged.sums }
  const proof = Evidence.forgedInput(about, play.place, datas)
  const [logged, summed, parties, input] = decodeAbiParameters(parameters.forgedInput, proof.evidence)
  expect({ cohort: summed.cohort, input }).toEqual({ cohort: 1n, input: 1n })
  const refusal = (other: bigint, list = parties) => {
    const evidence = encodeAbiParameters(parameters.forgedInput, [logged, summed, list, other])
    return stage.refusal(stranger, play.proveCall({ charge: 'forgedInput', evidence }))
  }
  expect(await refusal(0n)).toEqual(['InputGenuine', 0n])
  expect(await refusal(4n)).toEqual(['InputMissing', 4n, 4n])
  expect(await refusal(1n, parties.toReversed())).toContain('DatasMismatch')
  await play.prove(stranger, proof)
  expect(play.events.at(-1)).toMatchObject({ name: 'Slashed', round: 2, seats: 0b1110 })

  await play.claim()
  const after = await Books.page(stage, 'claimed')
  Books.print('An update forged by compute providers 1, 2 and 3', [before, settled, after])
  const changes = Books.changes(before, after)
  expect(changes).toEqual(play.owed())
  for (const seat of [1, 2, 3]) expect(changes[`compute provider ${seat}`]).toBe(-Cast.computeBond)
  expect(changes['data provider 4']).toBeGreaterThan(0n)
  expect(after.escrow).toBe(0n)
})

test('false accusations: whoever made them, an honest committee is paid in full', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  const whole = await play.commit({ round: 1 })
  // The first cohort has one survivor too few, so no sum of it is opened.
  const partial = await play.commit({ round: 2, silent: [0], signers: [3, 0, 1] })
  const [, second] = partial.bytes
  if (second === undefined) throw new Error('there are two cohorts')

  for (const [round, { sums, bytes }] of [whole, partial].entries()) {
    const about = { log: play.history().rounds, round: round + 1, sums }
    bytes.forEach((each, cohort) => {
      expect(() => Evidence.wrongSum(about, cohort, each)).toThrow(Evidence.NoneError)
    })
    expect(() => Evidence.forgedInput(about, play.place, datas)).toThrow(Evidence.NoneError)
  }
  const about = honestly(play, partial)
  const word = wordOf(second, 8_191)
  const prove = (charge: 'wrongSum' | 'forgedInput', evidence: `0x${string}`) =>
    stage.refusal(stranger, play.proveCall({ charge, evidence }))
  const wrongSum = (cohort: bigint, shown = word) =>
    prove('wrongSum', encodeAbiParameters(parameters.wrongSum, [about.logged, about.summed(cohort), shown]))
  const forgedInput = (cohort: bigint, input: bigint) =>
    prove(
      'forgedInput',
      encodeAbiParameters(parameters.forgedInput, [about.logged, about.summed(cohort), datas, input]),
    )
  expect(await wrongSum(1n)).toEqual(['SumRight', 8_191n])
  const none = { ...word, inputs: [], inputProofs: [] }
  expect(await wrongSum(0n, none)).toEqual(['WordProofInvalid', 0n])
  expect(await wrongSum(2n)).toEqual(['CohortMissing', 2n, 2n])
  for (const input of [0n, 1n, 2n, 3n]) expect(await forgedInput(1n, input)).toEqual(['InputGenuine', input])
  expect(await forgedInput(0n, 0n)).toEqual(['InputMissing', 0n, 0n])
  const other = { ...about.summed(1n), n: 8_192 }
  const evidence = encodeAbiParameters(parameters.wrongSum, [about.logged, other, word])
  expect(await prove('wrongSum', evidence)).toContain('SumsMismatch')
  const accused = await Books.page(stage, 'accused')

  await play.settle(model, [[3, 4]])
  await play.claim()
  const after = await Books.page(stage, 'claimed')
  Books.print('An honest committee, accused of much', [before, accused, after])
  expect(play.events.filter(({ name }) => name === 'Slashed')).toEqual([])
  const changes = Books.changes(before, after)
  expect(changes).toEqual(play.owed())
  for (const seat of [0, 1, 2, 3]) expect(changes[`compute provider ${seat}`]).toBeGreaterThan(0n)
})

/** Evidence about the second of two rounds, such as `Evidence` refuses to make. */
function honestly(play: Play.Play, { sums }: Rounds.Round) {
  const [first, second] = play.history().rounds
  if (first === undefined || second === undefined) throw new Error('two rounds were committed')
  const before = Record.log(Terms.noHash, Record.tally(first.record, first.signers))
  const { q, t, n, ciphertexts } = sums
  const cohorts = sums.cohorts.map(({ inputs, sumRoot }) => Record.cohortHash(inputs, sumRoot))
  return {
    logged: { ...second, before, later: [] },
    summed: (cohort: bigint) => {
      const shown = sums.cohorts[Number(cohort)] ?? { inputs: [], sumRoot: Terms.noHash }
      return { q, t, n, ciphertexts, cohorts, cohort, ...shown }
    },
  }
}

function wordOf({ updates, sum }: Evidence.Bytes, index: number) {
  const total = Ciphertext.prove(sum, index)
  const shown = updates.map((update) => Ciphertext.prove(update, index))
  return {
    index: BigInt(index),
    sum: total.word,
    sumProof: total.proof,
    inputs: shown.map((each) => each.word),
    inputProofs: shown.map((each) => each.proof),
  }
}
