// Devices that play private rounds in Node: real keys, masks and encryption, training and scoring that are known.
import 'fake-indexeddb/auto'
import { readFile } from 'node:fs/promises'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Hex } from '../protocol/codec.ts'
import * as He from '../protocol/he.ts'
import type * as Masks from '../protocol/masks.ts'
import * as TaskSpec from '../protocol/taskSpec.ts'
import * as Update from '../protocol/update.ts'
import type { ContributeRequest, Contribution, Masked, OpenRequest, Released } from '../workers/crypto/api.ts'
import * as Crypto from '../workers/crypto/crypto.ts'
import * as Records from '../workers/crypto/records.ts'
import * as Safe from '../workers/crypto/safe.ts'
import * as Seal from '../workers/crypto/seal.ts'
import type { Progress } from '../workers/progress.ts'

export const task: Hex = `0x${'7a'.repeat(32)}`
export const opened: Hex = `0x${'0e'.repeat(32)}`
export const drawn: Hex = `0x${'0d'.repeat(32)}`
export const record: Hex = `0x${'0c'.repeat(32)}`
export const silent: Progress = () => undefined
export const spec: TaskSpec.TaskSpec = {
  v: 1,
  title: 'Irises',
  description: '',
  schemaId: `0x${'01'.repeat(32)}`,
  model: { template: 'mlp', inputs: 40, hidden: [20], classes: 10 },
  training: { epochs: 1, batchSize: 8, learningRate: 0.1, momentum: 0, seed: 5 },
  he: He.parametersFor(16, 64),
  clip: 2,
  range: Update.rangeFor(2, 1030),
  sampleCap: 100,
  minimumQuality: 0,
  rounds: 3,
  targetAccuracy: 0,
  testSet: { commitment: `0x${'02'.repeat(32)}`, samples: 10 },
  timeouts: { ready: 1, update: 1, commit: 1 },
  warmStart: null,
  scoring: 'own',
}
export const encodedSpec = TaskSpec.encode(spec)

export function placeOf(round = 1): Masks.Place {
  return { chainId: 31_337, market: `0x${'6a'.repeat(20)}`, task, round }
}

const safes: Safe.Safe[] = []
let loaded: Promise<Seal.Seal> | undefined
let parties = 0

export function seal(): Promise<Seal.Seal> {
  loaded ??= readFile('node_modules/node-seal/dist/seal_throws.wasm').then((wasm) => Seal.load(wasm))
  return loaded
}

/** Of data sets with one version each. */
export const versions = async () => ({ origin: async (_: string, dataSignature: Hex) => dataSignature })
export const version = { dataSet: 'a', dataSignature: `0x${'03'.repeat(32)}` } as const

/** To be called after each test. */
export function close(): void {
  for (const safe of safes.splice(0)) safe.close()
}

export async function safeOf(name = `party-${parties++}`): Promise<Safe.Safe> {
  const safe = await Safe.open(name)
  safes.push(safe)
  return safe
}

export type Party = Awaited<ReturnType<typeof party>>

/** A device of its own, whose training moves every weight by a known amount and counts how often it ran. */
export async function party(name = `party-${parties++}`) {
  const safe = await safeOf(name)
  const real = await seal()
  const seen = {
    trainings: 0,
    plains: [] as (readonly Uint8Array[])[],
    opened: [] as (readonly Uint8Array[])[],
    scored: 0,
    scores: [] as Float32Array[],
    /** Given to training and scoring, in turn. */
    backbones: [] as (Uint8Array | undefined)[],
  }
  const watched: Seal.Seal = {
    keyPair: () => real.keyPair(),
    encrypt: (key, plains, progress) => {
      seen.plains.push(plains)
      return real.encrypt(key, plains, progress)
    },
    decrypt: (key, ciphertexts) => {
      const plains = real.decrypt(key, ciphertexts)
      seen.opened.push(plains)
      return plains
    },
  }
  const api = Crypto.create({
    safe: async () => safe,
    seal: async () => watched,
    train: async () => ({
      train: async ({ weights, backbone }) => {
        seen.trainings += 1
        seen.backbones.push(backbone)
        const moved = weights.map((weight, i) => weight + change(name, i, seen.trainings))
        return { weights: moved, loss: 0.5, samples: 50, seconds: 1, backend: 'cpu', notice: '' }
      },
    }),
    versions,
    score: async () => ({
      evaluate: async ({ weights, backbone }) => {
        seen.scored += 1
        seen.backbones.push(backbone)
        seen.scores.push(...weights)
        return { correct: weights.map(() => 7), total: 10, seconds: 0.1 }
      },
    }),
  })
  return { api, safe, seen, name, identity: await api.identity() }
}

/** How far this device's training number `step` moves weight `i`. */
export function change(name: string, i: number, step = 1): number {
  const phase = new TextEncoder().encode(name).reduce((sum, letter) => sum + letter, 0)
  return 0.03 * Math.sin(i * step + phase)
}

export async function committee(size: number): Promise<readonly Party[]> {
  return Promise.all(Array.from({ length: size }, () => party()))
}

export async function prepared(
  owner: Party,
  providers: readonly Party[],
  round = 1,
  encoded: Uint8Array = encodedSpec,
) {
  const recipients = providers.map(({ identity: { account, box } }) => ({ account, box }))
  return owner.api.prepare({ task, round, spec: encoded, recipients })
}

export type Setting = {
  readonly owner: Party
  readonly providers: readonly Party[]
  readonly members: readonly Party[]
  readonly threshold: number
  readonly round?: number
  /** dag-cbor of another spec than the one of this file. */
  readonly encoded?: Uint8Array
  /** What a provider was shown, where it was not what the others were. */
  readonly views?: { readonly [index: number]: Partial<Masks.View> }
}

export const epoch = 0
export const samplesOf = (index: number) => 20 + 40 * index

/** Everything up to the draw: an opening, sealing keys, and everyone's `Ready`. */
export async function begun({
  owner,
  providers,
  members,
  threshold,
  round = 1,
  encoded = encodedSpec,
  views = {},
}: Setting) {
  const opening = await prepared(owner, providers, round, encoded)
  const keys = await Promise.all(
    members.map(async ({ api, identity }, seat) => ({
      seat,
      account: identity.account,
      key: await api.sealingKey({ task, epoch }),
    })),
  )
  const masks = await Promise.all(
    providers.map(({ api, identity: { account } }, i) =>
      api.ready({
        ...version,
        place: placeOf(round),
        opened: views[i]?.opened ?? opened,
        account,
        members: keys,
        threshold,
      }),
    ),
  )
  const secrets = await Promise.all(providers.map((provider) => secretsOf(provider, round)))
  const peers = providers.map(({ identity: { account } }, i) => ({
    account,
    ephemeral: masks[i]?.ephemeral ?? opened,
  }))
  const requestOf = (index: number): ContributeRequest => ({
    place: placeOf(round),
    account: providers[index]?.identity.account ?? task,
    peers,
    spec: encoded,
    ...version,
    samples: samplesOf(index),
    opened: views[index]?.opened ?? opened,
    cohorts: views[index]?.cohorts ?? drawn,
    sealedModel: opening.sealedModel,
    modelHash: opening.modelHash,
    publicKey: opening.publicKey,
  })
  return { opening, keys, masks, secrets, peers, requestOf }
}

/** A contribution with digests for bytes, so that a difference is shown in a line. */
export function brief(contribution: Contribution | undefined) {
  const digests = contribution?.ciphertexts.map((words) => bytesToHex(sha256(words)))
  return { ...contribution, ciphertexts: digests }
}

/** A device's own secrets of a round, while it has them. */
async function secretsOf({ safe }: Party, round: number): Promise<{ key: Buffer; seed: Buffer } | undefined> {
  const stored = await safe.get(Records.maskings.id(task, round))
  const secrets = stored === undefined ? null : Records.maskings.decode(stored).secrets
  return secrets === null ? undefined : { key: Buffer.from(secrets.key), seed: Buffer.from(secrets.seed) }
}

type Begun = Awaited<ReturnType<typeof begun>>

/** What one member releases, as the commit asks for it. */
export async function released(
  { providers, members, round = 1 }: Setting,
  { masks }: Begun,
  seat: number,
  survivors: readonly number[],
): Promise<readonly Released[]> {
  const member = members[seat]
  if (member === undefined) return []
  const wanted = providers.map(({ identity: { account } }, i) => {
    const kind = survivors.includes(i) ? ('seed' as const) : ('key' as const)
    const share = masks[i]?.shares.find((each) => each.seat === seat)
    return {
      provider: account,
      kind,
      sealed: share?.[kind] ?? '0x',
      hash: share?.[`${kind}Hash`] ?? '0x',
    }
  })
  const { account } = member.identity
  return member.api.unmask({ place: placeOf(round), epoch, account, record, wanted })
}

/** What the model provider asks its crypto worker, with the shares of these seats. */
export async function asked(
  setting: Setting,
  start: Begun,
  contributions: readonly (Contribution | undefined)[],
  survivors: readonly number[],
  seats: readonly number[] = setting.members.map((_, seat) => seat),
): Promise<OpenRequest> {
  const { providers, owner, threshold, round = 1, encoded = encodedSpec } = setting
  const given = await Promise.all(
    seats.map(async (seat) => ({ seat, shares: await released(setting, start, seat, survivors) })),
  )
  const inputs = survivors.flatMap((i) => contributions[i]?.ciphertexts ?? [])
  const size = inputs.length / survivors.length
  const updates = survivors.map((_, i) => inputs.slice(i * size, (i + 1) * size))
  const sum = await owner.api.aggregate(updates)
  const members = providers.map(({ identity: { account } }, i): Masked => {
    const masks = start.masks[i]
    const survived = survivors.includes(i)
    const hashes = new Map(masks?.shares.map((each) => [each.seat, survived ? each.seedHash : each.keyHash]))
    return {
      account,
      ephemeral: masks?.ephemeral ?? opened,
      seedHash: masks?.seedHash ?? opened,
      samples: samplesOf(i),
      survived,
      shares: given.flatMap(({ seat, shares }) =>
        shares
          .filter(({ provider }) => provider === account)
          .map(({ share, salt }) => ({ seat, hash: hashes.get(seat) ?? '0x', share, salt })),
      ),
    }
  })
  return {
    place: placeOf(round),
    spec: encoded,
    testSet: 't',
    opened,
    cohortsDigest: drawn,
    threshold,
    cohorts: [{ sum: sum.ciphertexts, sumRoot: sum.root, members }],
    coalitions: [],
  }
}

/** A whole round: all but `vanished` contribute, of whom all but `dropped` are in the sum. */
export async function played(
  setting: Setting,
  { vanished = [], dropped = [] }: { vanished?: readonly number[]; dropped?: readonly number[] } = {},
) {
  const start = await begun(setting)
  const contributions: (Contribution | undefined)[] = []
  for (const [i, { api }] of setting.providers.entries())
    contributions.push(vanished.includes(i) ? undefined : await api.contribute(start.requestOf(i), silent))
  const survivors = setting.providers
    .map((_, i) => i)
    .filter((i) => !vanished.includes(i) && !dropped.includes(i))
  const request = await asked(setting, start, contributions, survivors)
  return { ...start, contributions, survivors, request }
}
