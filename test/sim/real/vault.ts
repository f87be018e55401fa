// The app's own crypto worker on a simulated device. What it encrypts is unmasked by the second implementation of masks,
// and what it opens is read back from the model: a sum is right to the bit or the run ends.
import * as Codec from '../../../protocol/codec.ts'
import type { Address, Hex } from '../../../protocol/codec.ts'
import { BaseError } from '../../../protocol/errors.ts'
import type * as Masks from '../../../protocol/masks.ts'
import * as Model from '../../../protocol/model.ts'
import * as Packing from '../../../protocol/packing.ts'
import * as TaskSpec from '../../../protocol/taskSpec.ts'
import * as Update from '../../../protocol/update.ts'
import * as Crypto from '../../../workers/crypto/crypto.ts'
import * as Records from '../../../workers/crypto/records.ts'
import type { Safe } from '../../../workers/crypto/safe.ts'
import type { Seal } from '../../../workers/crypto/seal.ts'
import * as Reference from '../../vectors/masks.ts'
import * as Laws from '../laws.ts'
import * as Primitives from '../primitives.ts'
import type * as Vault from '../vault.ts'
import type { Ciphertexts } from './ciphertexts.ts'

/** What all devices of a run share. */
export type Shared = {
  readonly spec: TaskSpec.TaskSpec
  readonly seal: Seal
  readonly ciphertexts: Ciphertexts
  /** Published objects that are no ciphertexts. */
  readonly objects: Map<string, Uint8Array>
  /** Secrets behind the masks of a round, by account and round. */
  readonly secrets: Map<string, Reference.Party>
  /** How often a worker refused, by the name of its error. */
  readonly refusals: Map<string, number>
  /** Rounds whose sums were compared number by number. */
  readonly exact: Set<number>
}

/** How far training moves the weight in the provider's own place. */
const mark = 0.5
/** How far it moves the first weights for each unit of what is drawn. */
const grain = 1e-6
/** What each device trains on. */
const version = { dataSet: 'rows', dataSignature: `0x${'03'.repeat(32)}` } as const

export function create(task: Hex, safe: Safe, shared: Shared): Vault.Vault {
  const { spec, seal, ciphertexts, objects, secrets, refusals, exact } = shared
  const encoded = TaskSpec.encode(spec)
  const parameters = Model.parameterCount(spec.model)
  const zero = Update.zeroPoint(spec.he)
  const step = Update.step(spec)
  const openings = new Map<number, Vault.Opening>()
  let masked: readonly Uint8Array[] = []
  let training: Vault.Trained = { free: [], seat: 0, seats: 0 }

  const api = Crypto.create({
    safe: async () => safe,
    seal: async () => ({
      ...seal,
      encrypt: (key, plains, progress) => {
        masked = plains
        return seal.encrypt(key, plains, progress)
      },
    }),
    train: async () => ({
      train: async ({ weights }) => {
        const { free, seat } = training
        const moved = weights.map((weight, i) => {
          const change = i === Laws.free + seat ? mark : (free[i] ?? 0) * grain
          return weight + change
        })
        return { weights: moved, loss: 0.5, samples: 50, seconds: 1, backend: 'cpu', notice: '' }
      },
    }),
    versions: async () => ({ origin: async (_, dataSignature) => dataSignature }),
    score: async () => ({
      evaluate: async ({ weights }) => ({ correct: weights.map(() => 7), total: 10, seconds: 0.1 }),
    }),
  })

  /** Undefined where the worker refuses. */
  async function allowed<value>(work: () => Promise<value>): Promise<value | undefined> {
    try {
      return await work()
    } catch (thrown) {
      if (!(thrown instanceof BaseError)) throw thrown
      refusals.set(thrown.name, (refusals.get(thrown.name) ?? 0) + 1)
      return undefined
    }
  }

  function keep(bytes: Uint8Array): string {
    const cid = Codec.cidOf(Codec.encode(bytes)).toString()
    objects.set(cid, bytes)
    return cid
  }

  function kept(cid: string): Uint8Array<ArrayBuffer> {
    const bytes = objects.get(cid)
    if (bytes === undefined) throw new Error(`nobody has ${cid}`)
    return new Uint8Array(bytes)
  }

  /** What an update adds to each weight, in steps. */
  function movesOf(place: Masks.Place, view: Masks.View, account: Address, peers: readonly Masks.Peer[]) {
    const parties = [account, ...peers.map((peer) => peer.account)].map((each) => {
      const party = secrets.get(`${each} ${place.round}`)
      if (party === undefined) throw new Error(`nobody knows the masks of ${each}`)
      return party
    })
    const [own] = parties
    if (own === undefined) throw new Error('an update is nobody’s')
    const fields = Math.floor(44 / spec.he.fieldBits)
    const count = Math.ceil((parameters + Packing.guards) / fields)
    const mask = Reference.mask(own, parties, place, view, count)
    const [first] = masked
    const lanes = new DataView(new Uint8Array(first ?? []).buffer)
    const numbers = mask.map((each, at) => BigInt.asUintN(44, lanes.getBigUint64(at * 8, true) - each))
    const plain = new Uint8Array(Packing.plainBytes)
    plain.set(new Uint8Array(BigUint64Array.from(numbers).buffer))
    return Array.from(Packing.unpack([plain], parameters, spec.he), (level) => level - zero)
  }

  /** As the laws read values: the first few as they are, then how often each provider's mark is in there. */
  function valuesOf(moves: readonly number[]): readonly number[] {
    const marks = moves.slice(Laws.free)
    return [...moves.slice(0, Laws.free), ...marks.map((move) => Math.round((move * step) / mark))]
  }

  async function weights(): Promise<Float32Array> {
    const file = await api.exportModel(task, encoded)
    return new Float32Array(new Uint8Array(file.slice(file.length - 4 * parameters)).buffer)
  }

  return {
    seal: (epoch) => allowed(() => api.sealingKey({ task, epoch })),
    ready: (place, account, { opened, members, threshold }) =>
      allowed(async () => {
        const masks = await api.ready({ place, opened, account, members, threshold, ...version })
        const stored = await safe.get(Records.maskings.id(task, place.round))
        const own = stored === undefined ? null : Records.maskings.decode(stored).secrets
        const name = `${account} ${place.round}`
        if (own !== null)
          secrets.set(name, { account, key: Buffer.from(own.key), seed: Buffer.from(own.seed) })
        return masks
      }),
    contribute: async (place, account, effect, trained) => {
      training = trained
      masked = []
      const { opened, cohorts, peers } = effect
      const made = await allowed(() =>
        api.contribute(
          {
            ...{ place, account, peers, opened, cohorts, spec: encoded, ...version },
            sealedModel: kept(effect.model),
            modelHash: effect.modelHash,
            publicKey: kept(effect.publicKey),
            samples: effect.samples,
          },
          () => undefined,
        ),
      )
      if (made === undefined) return undefined
      const moves = () => movesOf(place, { opened, cohorts }, account, peers)
      return (
        ciphertexts.known(made.root) ??
        ciphertexts.of(made.ciphertexts, made.root, {
          under: `0x${Buffer.from(effect.publicKey).toString('hex')}`,
          values: valuesOf(moves()),
          masks: new Map([[`${account} in round ${place.round} of ${opened} ${cohorts}`, 1]]),
        })
      )
    },
    check: (cid) =>
      allowed(async () => {
        const words = ciphertexts.fetch(cid)?.cipher.words
        return words === undefined ? undefined : (await api.check(words)).root
      }),
    add: async (ciphers) => {
      const { ciphertexts: words, root } = await api.aggregate(ciphers.map((cipher) => cipher.words ?? []))
      return ciphertexts.of(words, root, Primitives.add(ciphers))
    },
    unmask: async (place, account, { epoch, record, wanted }) =>
      (await allowed(() => api.unmask({ place, epoch, account, record, wanted }))) ?? [],
    prepare: ({ round, recipients }) =>
      allowed(async () => {
        const made = await api.prepare({ task, round, spec: encoded, recipients })
        const { modelHash, sealedModel, publicKey } = made
        return { modelHash, model: keep(sealedModel), publicKey: keep(publicKey) }
      }),
    open: async (place, { opened, cohortsDigest, threshold, cohorts, coalitions }) => {
      const before = openings.get(place.round)
      if (before !== undefined) return before
      const [cohort] = cohorts
      if (cohort === undefined || cohorts.length > 1) throw new Error('these runs have one cohort')
      const sum = ciphertexts.fetch(cohort.cid)?.cipher.words ?? []
      const from = await weights()
      const made = await allowed(() =>
        api.open({
          ...{ place, opened, cohortsDigest, threshold, spec: encoded, testSet: 'rows', coalitions },
          cohorts: [{ sum, sumRoot: cohort.root, members: cohort.members }],
        }),
      )
      if (made === undefined) return undefined
      const { sums, wrongShares, nextModelHash } = made
      const survivors = cohort.members.filter(({ survived }) => survived)
      const total = survivors.reduce((all, { samples }) => all + Update.weight(samples, spec.sampleCap), 0)
      const to = await weights()
      const moves = Array.from(to, (weight, i) => Math.round(((weight - (from[i] ?? 0)) * total) / step))
      const isOpened = sums[0]?.digest !== null
      if (isOpened) exact.add(place.round)
      const opening = { sums, wrongShares, nextModelHash, values: [isOpened ? valuesOf(moves) : undefined] }
      openings.set(place.round, opening)
      return opening
    },
    forget: (effect) => api.forget(effect.of === 'task' ? { task } : { task, [effect.of]: effect.number }),
    spent: async () => (await api.openings(version)).spent,
    count: async () => {
      const of = async (kind: { readonly prefix: string }) => {
        const stored = await Promise.all((await safe.ids(kind.prefix)).map((id) => safe.get(id)))
        return stored.filter((bytes) => bytes !== undefined)
      }
      const masks = (await of(Records.maskings)).filter(
        (each) => Records.maskings.decode(each).secrets !== null,
      )
      const seals = (await of(Records.sealings)).filter(
        (each) => Records.sealings.decode(each).secret !== null,
      )
      const keys = (await of(Records.rounds)).filter(
        (each) => Records.rounds.decode(each).secretKey.length > 0,
      )
      return masks.length + seals.length + keys.length + (await of(Records.updates)).length
    },
  }
}
