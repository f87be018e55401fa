// Carries out what roles wish for: with the vault's workers, the network and the chain. Safe to be done twice. What
// makes and opens the masks of a round is in effectsOfMasks.ts, what members do with updates in effectsOfMember.ts.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import type { Hex } from '../../protocol/codec.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import type { ContributeRequest } from '../../workers/crypto/api.ts'
import type { Frame } from '../../workers/frame/api.ts'
import type { Purpose } from '../net/door.ts'
import * as Calls from './calls.ts'
import * as Jobs from './effectsOfJobs.ts'
import * as Masks from './effectsOfMasks.ts'
import * as Member from './effectsOfMember.ts'
import type { Guard } from './guard.ts'
import type { Mail } from './mail.ts'
import type { Meters } from './meters.ts'
import type { Participant } from './participant.ts'
import * as Updates from './updates.ts'
import type { Progress } from './view/progress.ts'

export type Tools = Omit<Calls.Tools, 'proveSum'> & {
  readonly frame: Frame
  /** Hash of a block that counts; undefined while it does not. */
  readonly blockHash: (number: number) => Promise<Hex | undefined>
  readonly mail: Mail
  readonly meters: Meters
  readonly lend: Guard['lend']
  readonly progress: (participant: Participant, progress: Progress | undefined) => void
  /** The vault counts openings otherwise now. */
  readonly counted: () => void
}

export type Execute = (
  participant: Participant,
  effect: Effect.Effect,
  signal: AbortSignal,
) => Promise<readonly Event.Result[]>

type Of<type extends Effect.Effect['type']> = Extract<Effect.Effect, { type: type }>

/** Ciphertexts of an update that was checked, and by which participant. */
type Kept = { readonly by: string; readonly round: number; readonly bytes: readonly Uint8Array[] }

/** Largest sealed model and public key that is fetched. */
const modelBytes = 1024 * 1024

export function executor(tools: Tools): Execute {
  const { place, door, frame, mail, meters } = tools
  /** Updates that were checked, by CID: a member adds them soon after. */
  const kept = new Map<string, Kept>()
  const member = Member.make({
    place,
    crypto: frame.crypto,
    meters,
    ciphertexts,
    publish,
    keep: (participant, round, cid, bytes) => {
      // Of a round that is over, relays have what anyone still asks for.
      for (const [other, of] of kept) if (of.by === participant.id && of.round < round) kept.delete(other)
      kept.set(cid, { by: participant.id, round, bytes })
    },
  })
  const submit = Calls.submitter({ ...tools, proveSum: member.proveSum })
  let training: Promise<unknown> = Promise.resolve()

  /** Runs a part of the work and adds its seconds to the round's. */
  async function timed<value>(
    purpose: Purpose,
    part: 'network' | 'chain',
    work: () => Promise<value>,
  ): Promise<value> {
    const began = performance.now()
    try {
      return await work()
    } finally {
      if (purpose.machine !== undefined && purpose.round > 0)
        meters.add(purpose.machine, purpose.round, part, (performance.now() - began) / 1000)
    }
  }

  async function get(cid: string, purpose: Purpose): Promise<Uint8Array<ArrayBuffer>> {
    return timed(purpose, 'network', () => door.get(cid, modelBytes, purpose))
  }

  async function backboneOf(participant: Participant, purpose: Purpose): Promise<Uint8Array | undefined> {
    return timed(purpose, 'network', () => tools.backboneOf(participant.spec.model, purpose))
  }

  async function ciphertexts(
    participant: Participant,
    cid: string,
    purpose: Purpose,
  ): Promise<readonly Uint8Array[]> {
    const stored = kept.get(cid)
    if (stored !== undefined) return stored.bytes
    const count = (participant.terms.words * 32) / Ciphertext.bytes
    return timed(purpose, 'network', () => Updates.fetch(door, cid, count, purpose))
  }

  async function publish(
    participant: Participant,
    bytes: readonly Uint8Array[],
    purpose: Purpose,
  ): Promise<string> {
    return timed(purpose, 'network', () => Updates.publish(door, participant.task, bytes, purpose))
  }

  /** One training at a time: two would share one GPU and both be late. */
  function alone<value>(work: () => Promise<value>): Promise<value> {
    const turn = training.then(work)
    training = turn.catch(() => undefined)
    return turn
  }

  async function contribute(
    participant: Participant,
    effect: Of<'contribute'>,
    signal: AbortSignal,
  ): Promise<Event.Result> {
    const { dataSet } = participant
    if (dataSet === undefined) throw new Masks.DataSetError()
    const purpose = { machine: participant.id, round: effect.round }
    const [sealedModel, publicKey, backbone] = await Promise.all([
      get(effect.model, purpose),
      get(effect.publicKey, purpose),
      backboneOf(participant, purpose),
    ])
    const { opened, cohorts, peers, modelHash, samples, dataSignature, round } = effect
    const request: ContributeRequest = {
      place: Masks.placeOf(place, participant, round),
      account: participant.account,
      peers,
      spec: TaskSpec.encode(participant.spec),
      backbone,
      dataSet,
      dataSignature,
      sealedModel,
      modelHash,
      publicKey,
      samples,
      opened,
      cohorts,
    }
    const made = await alone(async () => {
      signal.throwIfAborted()
      const abort = (): void => void frame.train.abort()
      signal.addEventListener('abort', abort, { once: true })
      try {
        return await frame.crypto.contribute(request, (step) => tools.progress(participant, step))
      } finally {
        signal.removeEventListener('abort', abort)
        tools.progress(participant, undefined)
        tools.counted()
      }
    })
    meters.add(participant.id, round, 'train', made.seconds.train)
    meters.add(participant.id, round, 'encrypt', made.seconds.encrypt)
    meters.trained(participant.id, round, made.loss, made.backend)
    const cid = await publish(participant, made.ciphertexts, purpose)
    const byteLength = Member.total(made.ciphertexts)
    return { type: 'contributed', effect: effect.id, cid, ciphertextRoot: made.root, byteLength }
  }

  async function prepare(participant: Participant, effect: Of<'prepare'>): Promise<Event.Result> {
    const { round, recipients } = effect
    const purpose = { machine: participant.id, round }
    const made = await frame.crypto.prepare({
      task: participant.task,
      round,
      spec: TaskSpec.encode(participant.spec),
      recipients,
    })
    meters.add(participant.id, round, 'encrypt', made.seconds)
    const [model = '', publicKey = ''] = await timed(purpose, 'network', () =>
      door.put(
        participant.task,
        [
          { codec: 'dag-cbor', bytes: made.sealedModel },
          { codec: 'raw', bytes: made.publicKey },
        ],
        purpose,
      ),
    )
    return { type: 'prepared', effect: effect.id, modelHash: made.modelHash, model, publicKey }
  }

  async function open(participant: Participant, effect: Of<'open'>): Promise<Event.Result> {
    const { dataSet } = participant
    if (dataSet === undefined) return failed(effect, 'The test set of this task is not on this device.')
    const { round, opened, cohortsDigest, threshold, coalitions } = effect
    const purpose = { machine: participant.id, round }
    const cohorts = await Promise.all(
      effect.cohorts.map(async ({ cid, root, members }) => ({
        sum: await ciphertexts(participant, cid, purpose),
        sumRoot: root,
        members,
      })),
    )
    const { seconds, ...result } = await frame.crypto.open({
      place: Masks.placeOf(place, participant, round),
      spec: TaskSpec.encode(participant.spec),
      backbone: await backboneOf(participant, purpose),
      testSet: dataSet,
      opened,
      cohortsDigest,
      threshold,
      cohorts,
      coalitions,
    })
    meters.add(participant.id, round, 'open', seconds.decrypt + seconds.score)
    return { type: 'opened', effect: effect.id, ...result }
  }

  /** Blocks come every few seconds. */
  async function header({ id, number }: Of<'header'>, signal: AbortSignal): Promise<Event.Result> {
    for (;;) {
      signal.throwIfAborted()
      const hash = await tools.blockHash(number)
      if (hash !== undefined) return { type: 'header', effect: id, hash }
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  }

  async function send(participant: Participant, effect: Of<'send'>): Promise<Event.Result> {
    const purpose = { machine: participant.id, round: effect.draft.round }
    const { once } = await timed(purpose, 'network', () =>
      mail.post(effect.topic, effect.draft, participant.account, participant.id),
    )
    return { type: 'sent', effect: effect.id, once }
  }

  async function carryOut(
    participant: Participant,
    effect: Effect.Effect,
    signal: AbortSignal,
  ): Promise<Event.Result> {
    switch (effect.type) {
      case 'send':
        return send(participant, effect)
      case 'submit':
        return timed({ machine: participant.id, round: Calls.roundOf(effect) }, 'chain', () =>
          submit(participant, effect),
        )
      case 'header':
        return header(effect, signal)
      case 'seal':
      case 'prepareReady':
      case 'unmask':
      case 'forget':
        return Masks.carryOut(frame.crypto, place, participant, effect).finally(tools.counted)
      case 'contribute':
        return contribute(participant, effect, signal)
      case 'check':
        return member.check(participant, effect)
      case 'aggregate':
      case 'recompute':
        return member.aggregate(participant, effect)
      case 'prepare':
        return prepare(participant, effect)
      case 'open':
        return open(participant, effect)
      case 'federate':
      case 'sealSubject':
      case 'perform':
      case 'verify':
        return Jobs.carryOut({ ...tools, alone }, participant, effect, signal)
      default:
        return effect satisfies never
    }
  }

  return async (participant, effect, signal) => {
    try {
      return [await carryOut(participant, effect, signal)]
    } catch (thrown) {
      if (thrown instanceof Error && isForGood(effect, thrown)) return [failed(effect, thrown.message)]
      throw thrown
    }
  }
}

/** Whether trying again would end the same way: then the round is given up, which stops nothing else. */
function isForGood({ type }: Effect.Effect, { name }: Error): boolean {
  if (type === 'open') return wrongSums.includes(name)
  return Masks.isRefused(type, name) || Jobs.isHopeless(type, name)
}

const wrongSums: readonly string[] = ['Ciphertext.StructureError', 'Round.RootError', 'Unmask.TooFewError']

function failed({ id }: Effect.Effect, reason: string): Event.Result {
  return { type: 'failed', effect: id, reason }
}
