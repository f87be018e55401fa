// Carries out what a committee member does with updates: checks each, adds them, compares sums.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Evidence from '../../protocol/evidence.ts'
import * as Once from '../../protocol/once.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import type * as Topic from '../../protocol/topic.ts'
import type { Crypto } from '../../workers/crypto/api.ts'
import type { Purpose } from '../net/door.ts'
import type { Meters } from './meters.ts'
import type { Participant } from './participant.ts'

type Tools = {
  readonly place: Topic.Place
  readonly crypto: Pick<Crypto, 'check' | 'aggregate' | 'proveWrong'>
  readonly meters: Meters
  /** Those of an update or a sum: kept ones, or from the network. */
  readonly ciphertexts: (
    participant: Participant,
    cid: string,
    purpose: Purpose,
  ) => Promise<readonly Uint8Array[]>
  readonly publish: (
    participant: Participant,
    bytes: readonly Uint8Array[],
    purpose: Purpose,
  ) => Promise<string>
  /** Keeps what was checked, as it is added soon after. */
  readonly keep: (participant: Participant, round: number, cid: string, bytes: readonly Uint8Array[]) => void
}

type ProveSum = Extract<Effect.Call, { name: 'proveSum' }>

type Member = {
  check(participant: Participant, effect: Extract<Effect.Effect, { type: 'check' }>): Promise<Event.Result>
  aggregate(
    participant: Participant,
    effect: Extract<Effect.Effect, { type: 'aggregate' | 'recompute' }>,
  ): Promise<Event.Result>
  /** What is wrong with a committed sum, as evidence; throws `Evidence.NoneError` where nothing is. */
  proveSum(participant: Participant, call: ProveSum): Promise<Evidence.Evidence>
}

export function make({ place, crypto, meters, ciphertexts, publish, keep }: Tools): Member {
  async function check(
    participant: Participant,
    effect: Extract<Effect.Effect, { type: 'check' }>,
  ): Promise<Event.Result> {
    const { input, device, round, opened, cohorts } = effect
    const answer = (fault: string): Event.Result => ({ type: 'checked', effect: effect.id, fault })
    const statement = Once.update(opened, cohorts, input.ciphertextRoot)
    if (
      !Eip712.isSignedBy(
        device,
        Once.digest(place, participant.task, 'update', round, statement),
        input.signature,
      )
    )
      return answer('Its provider did not sign it for the cohorts of this round.')
    const purpose = { machine: participant.id, round }
    let bytes: readonly Uint8Array[]
    try {
      bytes = await ciphertexts(participant, input.cid, purpose)
    } catch (thrown) {
      if (thrown instanceof Codec.MalformedError || thrown instanceof Ciphertext.StructureError)
        return answer(thrown.message)
      throw thrown
    }
    if (total(bytes) !== effect.byteLength)
      return answer(`It has ${total(bytes)} bytes and claims ${effect.byteLength}.`)
    const began = performance.now()
    const root = await structure(bytes)
    meters.add(participant.id, round, 'aggregate', (performance.now() - began) / 1000)
    if (typeof root !== 'string') return answer(root.fault)
    if (root !== input.ciphertextRoot)
      return answer('Its bytes do not have the root that it was announced with.')
    keep(participant, round, input.cid, bytes)
    return answer('')
  }

  /** The root, or what is wrong with the structure. */
  async function structure(bytes: readonly Uint8Array[]): Promise<Hex | { readonly fault: string }> {
    try {
      return (await crypto.check(bytes)).root
    } catch (thrown) {
      if (thrown instanceof Error && thrown.name.startsWith('Ciphertext.')) return { fault: thrown.message }
      throw thrown
    }
  }

  async function aggregate(
    participant: Participant,
    effect: Extract<Effect.Effect, { type: 'aggregate' | 'recompute' }>,
  ): Promise<Event.Result> {
    const purpose = { machine: participant.id, round: effect.round }
    const sums: { cid: string; root: Hex }[] = []
    for (const [at, cohort] of effect.cohorts.entries()) {
      const updates = await Promise.all(cohort.map(({ cid }) => ciphertexts(participant, cid, purpose)))
      const sum = await crypto.aggregate(updates)
      meters.add(participant.id, effect.round, 'aggregate', sum.seconds)
      const named = effect.type === 'aggregate' ? undefined : effect.sums[at]
      // What another named under a root that is not ours is not worth holding.
      const isHeld = named === undefined || named.root === sum.root
      // Equal sums are equal bytes and so have one CID: who publishes its own, holds and pins the other's.
      const cid = isHeld ? await publish(participant, sum.ciphertexts, purpose) : ''
      sums.push({ cid: named === undefined || cid === named.cid ? cid : '', root: sum.root })
    }
    return { type: 'aggregated', effect: effect.id, sums }
  }

  async function proveSum(participant: Participant, call: ProveSum): Promise<Evidence.Evidence> {
    const purpose = { machine: participant.id, round: call.round }
    const sum = await ciphertexts(participant, call.sum, purpose)
    const updates = await Promise.all(call.inputs.map((cid) => ciphertexts(participant, cid, purpose)))
    const wrong = await crypto.proveWrong(updates, sum)
    if (wrong === undefined) throw new Evidence.NoneError('every word of the sum is right')
    return Evidence.wrongWord(call, call.cohort, wrong)
  }

  return { check, aggregate, proveSum }
}

export function total(parts: readonly Uint8Array[]): number {
  return parts.reduce((bytes, part) => bytes + part.length, 0)
}
