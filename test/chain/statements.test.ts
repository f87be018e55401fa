// Who states two things about one round loses: a member its seat, a model provider its bond.
import { encodeAbiParameters, decodeAbiParameters } from 'viem'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Evidence from '../../protocol/evidence.ts'
import * as Once from '../../protocol/once.ts'
import * as Record from '../../protocol/record.ts'
import * as Books from './books.ts'
import * as Cast from './cast.ts'
import * as Play from './play.ts'
import * as Rounds from './rounds.ts'
import * as Stage from './stage.ts'

const { model, computes, stranger } = Cast.players

let stage: Stage.Stage

beforeAll(async () => {
  stage = await Stage.open()
})
beforeEach(() => stage.rewind())
afterAll(() => stage.close())

test('two records by one member: it loses its bond and its seat, and the others go on', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  const { commitment } = await play.commit({ round: 1 })
  const kept = signedBy(commitment.record, commitment.signatures[0]?.signature)
  const body = { ...commitment.record, delivered: commitment.record.survivors & ~1n }
  const other = signedBy(body, recordSignature(play, 0, body))
  const prove = (seat: number, first: Evidence.SignedRecord, second: Evidence.SignedRecord) =>
    Evidence.twoRecords(play.place, Cast.parties.computes, seat, [first, second])

  expect(() => prove(0, kept, kept)).toThrow('both signatures are over the same statement')
  expect(() => prove(1, kept, other)).toThrow(`was not signed by ${computes[1]?.device ?? ''}`)
  expect(() => prove(4, kept, other)).toThrow('there is no compute provider on seat 4')
  const later = { ...other, record: { ...body, round: 2 } }
  expect(() => prove(0, kept, later)).toThrow('the records are of two rounds')

  const proof = prove(0, kept, other)
  await refuseOtherStatements(play, proof)
  await play.prove(stranger, proof)
  expect(play.events.at(-1)).toMatchObject({ name: 'Slashed', round: 1, seats: 0b0001 })
  expect(await stage.refusal(stranger, play.proveCall(proof))).toEqual(['AlreadyProven', play.place.task])
  const withIt = await play.make({ round: 2 })
  expect(await stage.refusal(stranger, play.commitCall(withIt.commitment))).toEqual([
    'SignerExcluded',
    0b0111,
    0b0001,
  ])
  await play.commit({ round: 2, signers: [1, 2, 3] })
  const proven = await Books.page(stage, 'proven')

  await play.settle(model, [[1, 2]])
  await play.claim()
  const after = await Books.page(stage, 'claimed')
  Books.print('Two records of one round, by compute provider 0', [before, proven, after])
  const changes = Books.changes(before, after)
  expect(changes).toEqual(play.owed())
  expect(changes['compute provider 0']).toBe(-Cast.computeBond)
  for (const seat of [1, 2, 3]) expect(changes[`compute provider ${seat}`]).toBeGreaterThan(0n)
  expect(after.escrow).toBe(0n)
})

test('two records, of which none is ever committed: nothing is proven, everything goes back', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  const { commitment } = await play.make({ round: 1 })
  const body = { ...commitment.record, survivors: commitment.record.survivors & ~1n }
  const proof = Evidence.twoRecords(play.place, Cast.parties.computes, 0, [
    signedBy(commitment.record, commitment.signatures[0]?.signature),
    signedBy(body, recordSignature(play, 0, body)),
  ])
  expect(await stage.refusal(stranger, play.proveCall(proof))).toEqual(['NoRounds', play.place.task])
  await stage.pass(play.terms.idleWindow + 1)
  await play.send(stranger, play.expireCall())
  const after = await Books.page(stage, 'expired')
  Books.print('Two records by compute provider 0, and no round at all', [before, after])
  expect(Books.changes(before, after)).toEqual(play.owed())
  expect(play.owed()).toEqual({})
  expect(await stage.refusal(stranger, play.proveCall(proof))).toContain('NotProvable')
})

/** The same evidence with a statement that was never made, or one alone. */
async function refuseOtherStatements(
  play: Play.Play,
  { charge, evidence }: Evidence.Evidence,
): Promise<void> {
  const [twice] = decodeAbiParameters(Evidence.parameters.twoRecords, evidence)
  const refusal = (other: typeof twice) =>
    stage.refusal(
      stranger,
      play.proveCall({ charge, evidence: encodeAbiParameters(Evidence.parameters.twoRecords, [other]) }),
    )
  const { first, firstSignature, second } = twice
  expect(await refusal({ ...twice, second: first, secondSignature: firstSignature })).toEqual([
    'StatementsEqual',
    first,
  ])
  expect(await refusal({ ...twice, secondSignature: firstSignature })).toEqual(['StatementInvalid', second])
  expect(await refusal({ ...twice, round: 2 })).toEqual(['StatementInvalid', first])
  expect(await refusal({ ...twice, seat: 1 })).toEqual(['StatementInvalid', first])
  expect(await refusal({ ...twice, seat: 4 })).toEqual(['SignerMissing', 4, 4n])
}

test('two openings for one round: the bond joins the data pool, whoever settles', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  const first = opening(play, 1, 'opened 1', 1_000)
  // Another closing time is another opening, as is another model.
  const second = opening(play, 1, 'opened 1', 1_001)
  const third = opening(play, 1, 'another model', 1_000)
  const { opener } = play.terms
  const prove = (one: Evidence.SignedOpening, two: Evidence.SignedOpening) =>
    Evidence.twoOpenings(play.place, opener, 1, [one, two])

  expect(() => prove(first, first)).toThrow(Evidence.NoneError)
  expect(() => prove(first, opening(play, 2, 'opened 2', 1_000))).toThrow('was not signed by')
  const proof = prove(first, second)
  expect(await stage.refusal(stranger, play.proveCall(proof))).toEqual(['NoRounds', play.place.task])
  await play.commit({ round: 1 })
  const unsent = await play.make({ round: 2 })
  await play.prove(stranger, proof)
  expect(play.events.at(-1)).toMatchObject({ name: 'TaskFaulted', round: 1 })
  expect(await stage.refusal(stranger, play.proveCall(prove(first, third)))).toContain('AlreadyProven')
  expect(await stage.refusal(stranger, play.commitCall(unsent.commitment))).toContain('WrongState')
  expect(await stage.refusal(model, play.settleCall([[5, 6]]))).toEqual(['UtilityCountInvalid', 1n, 0n])
  const faulted = await Books.page(stage, 'faulted')

  await play.settle(stranger, [])
  await play.claim()
  const after = await Books.page(stage, 'claimed')
  Books.print('Two openings of round 1, proven while the task runs', [before, faulted, after])
  expect(Books.changes(before, after)).toEqual(play.owed())
  expect(play.events.find(({ name }) => name === 'TaskSettled')).toMatchObject({ punished: true })
  expect(after.escrow).toBe(0n)
})

test('two openings, proven after settlement: the task is settled again, by equal weights', async () => {
  const before = await Books.page(stage, 'before')
  const play = await Play.begin(stage)
  await play.commit({ round: 1 })
  await play.settle(model, [[0, 50]])
  const favoured = play.owed()
  const proof = Evidence.twoOpenings(play.place, play.terms.opener, 1, [
    opening(play, 1, 'opened 1', 1_000),
    opening(play, 1, 'opened 1 again', 1_000),
  ])
  await play.prove(stranger, proof)
  const faulted = await Books.page(stage, 'faulted')
  await play.settle(stranger, [])
  await play.claim()
  expect(await stage.refusal(stranger, play.proveCall(proof))).toContain('NotProvable')
  const after = await Books.page(stage, 'claimed')
  Books.print('Two openings of round 1, proven after the settlement', [before, faulted, after])
  const changes = Books.changes(before, after)
  expect(changes).toEqual(play.owed())
  expect(changes['data provider 0']).toBeGreaterThan(favoured['data provider 0'] ?? 0n)
  // One of four paid rounds was reached: a quarter of the bond went to the data providers, rounded down seven times.
  const lost = (favoured['model provider'] ?? 0n) - (changes['model provider'] ?? 0n)
  expect(lost).toBeGreaterThanOrEqual(play.terms.bond / 4n - 7n)
  expect(lost).toBeLessThanOrEqual(play.terms.bond / 4n + 7n)
})

function signedBy(record: Record.Body, signature: Hex = '0x'): Evidence.SignedRecord {
  return { record, signature }
}

function recordSignature(play: Play.Play, seat: number, body: Record.Body): Hex {
  return Rounds.once(play.place, computes[seat], 'record', body.round, Record.hash(body))
}

function opening(play: Play.Play, round: number, model_: string, closes: number): Evidence.SignedOpening {
  const opened = Cast.hash(model_)
  const signature = Rounds.once(play.place, model, 'opening', round, Once.opening(opened, closes))
  return { opened, closes, signature }
}
