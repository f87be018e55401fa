// What the app may ask of each worker. Types only: the app imports nothing else from this folder.

import type { Benchmark } from '../protocol/benchmark.ts'
import type { Wrong } from '../protocol/ciphertext.ts'
import type { Coalition } from '../protocol/contribution.ts'
import type { WarmStart } from '../protocol/job.ts'
import type { Kind, Masks, Place } from '../protocol/masks.ts'

/** `0x` and lower-case hexadecimal digits. */
type Hex = `0x${string}`

/** Called a few times a second at most; `done` and `total` share a unit that `label` names. */
export type Progress = (step: {
  readonly label: string
  readonly done: number
  readonly total: number
}) => void

/** The one port into the vault origin. Each member reaches one worker; none returns rows, weights or keys. */
export type Frame = {
  readonly vault: Vault
  readonly train: Train
  readonly crypto: Crypto
  /** False where the browser may evict the vault's storage. */
  persist(): Promise<boolean>
}

// vault

export type DataSet = {
  readonly id: string
  readonly name: string
  readonly schemaId: Hex
  readonly samples: number
  /** Basis points, `quality@1`. */
  readonly quality: number
  /** Digest of the manifest: binds what was scored to what is trained. */
  readonly dataSignature: Hex
  readonly version: number
  /** Encrypted size at rest. */
  readonly bytes: number
  /** Unix seconds. */
  readonly importedAt: number
  /** Samples per class, in the schema's class order; empty for numeric targets. */
  readonly perClass: readonly number[]
  /** Its owner gave the rows away when it was imported: anyone may read them. */
  readonly released: boolean
}

export type ImportRequest = {
  readonly name: string
  readonly schemaId: Hex
  /** IDX pair (optionally gzipped), one CSV, or images whose file names start with their class. */
  readonly files: readonly File[]
  /** A data set that this import extends with a new version. */
  readonly parent?: string
  /**
   * Gives the rows away, for good; the app that asks holds the files anyhow. Without it no row ever leaves, and no later
   * import changes that.
   */
  readonly released?: boolean
}

export type Vault = {
  import(request: ImportRequest, progress: Progress): Promise<DataSet>
  list(): Promise<readonly DataSet[]>
  remove(id: string): Promise<void>
  storage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number; readonly persisted: boolean }>
  /** Salted Merkle root over the rows: what a model provider commits its test set with. */
  commitment(id: string): Promise<Hex>
  /**
   * The rows of a data set that was imported as released, shard by shard (`DataSet.encodeShard`), and the salt of its
   * commitment.
   */
  release(id: string): Promise<{ readonly shards: readonly Uint8Array[]; readonly salt: Uint8Array }>
}

// train

export type Backend = 'webgpu' | 'wasm' | 'cpu'

export type ProbeResult = {
  readonly backend: Backend
  readonly samplesPerSecond: number
  /** What the browser says of the adapter; `software` adapters are not GPUs. */
  readonly adapter: string
  readonly software: boolean
  /** Why this backend was chosen, as a sentence. */
  readonly reason: string
}

/** A warm start's part: what to train, from what its model provider released. */
export type WarmStartRequest = {
  /** dag-cbor of the TaskSpec. */
  readonly spec: Uint8Array
  readonly job: WarmStart
  /** Of `job.data`, in its order; checked against their digests. */
  readonly shards: readonly Uint8Array[]
  /** dag-cbor of the backbone that a head builds on. */
  readonly backbone?: Uint8Array | undefined
}

export type Train = {
  /** Weights after each segment, little-endian float32. They are as public as what they are made of. */
  warmStart(request: WarmStartRequest, progress: Progress): Promise<readonly Uint8Array[]>
  /** Whether walking each segment again from the published weights before it ends near those after it. */
  checkWarmStart(
    request: WarmStartRequest & { readonly published: readonly Uint8Array[] },
    progress: Progress,
  ): Promise<boolean>
  /** Measures about 200 ms per backend, keeps the fastest, or the forced one. */
  probe(forced?: Backend): Promise<ProbeResult>
  /** How fast the chosen backend does what is published (`protocol/benchmark.ts`); waits for training under way. */
  benchmark(): Promise<Pick<Benchmark, 'training' | 'matmul'>>
  pause(): Promise<void>
  resume(): Promise<void>
  abort(): Promise<void>
}

// crypto

export type Identity = {
  /** Ethereum account held by this device. */
  readonly account: Hex
  /** secp256k1 address that signs envelopes. */
  readonly device: Hex
  /** X25519 public key to which models are encrypted. */
  readonly box: Hex
}

/** A version of a data set in the vault; openings are counted for all of its versions together. */
export type Version = { readonly dataSet: string; readonly dataSignature: Hex }

/** An opening is a round into which the data set gave an update, whether or not its sum was opened in the end. */
export type Openings = {
  readonly spent: number
  /** Kept for rounds under way, for which no update is made yet. */
  readonly held: number
  /** With so many spent and held, no more rounds are begun. */
  readonly limit: number
  /** Spent, by task. */
  readonly tasks: readonly { readonly task: Hex; readonly openings: number }[]
}

export type ReadyRequest = Version & {
  readonly place: Place
  /** Digest of `RoundOpened`: one round gets one set of masks, for one opening. */
  readonly opened: Hex
  /** In whose name this data provider acts. */
  readonly account: Hex
  /** Committee members that gave a sealing key for the round's epoch, one to a seat. */
  readonly members: readonly { readonly seat: number; readonly account: Hex; readonly key: Hex }[]
  /** So many of the shares give a secret back. */
  readonly threshold: number
}

export type ContributeRequest = Version & {
  readonly place: Place
  /** In whose name this data provider acts. */
  readonly account: Hex
  /** The others of its cohort in this draw, with the keys of their `Ready`; itself may be among them. */
  readonly peers: readonly { readonly account: Hex; readonly ephemeral: Hex }[]
  /** dag-cbor of the TaskSpec, and of the backbone that a head builds on. */
  readonly spec: Uint8Array
  readonly backbone?: Uint8Array | undefined
  /** dag-cbor sealed model, encrypted to the participants. */
  readonly sealedModel: Uint8Array
  /** Salted digest of the plaintext model that `RoundOpened` committed to. */
  readonly modelHash: Hex
  /** Serialized BFV public key of the round. */
  readonly publicKey: Uint8Array
  /** Samples of the offer: the public weight is min(samples, cap) / cap. */
  readonly samples: number
  /** Digests of `RoundOpened` and `Cohorts`: a stored update is only resent for the same pair. */
  readonly opened: Hex
  readonly cohorts: Hex
}

export type Ciphertexts = {
  /** Raw coefficient words, 65,536 bytes each. */
  readonly ciphertexts: readonly Uint8Array[]
  /** Merkle root over the words. */
  readonly root: Hex
}

export type Contribution = Ciphertexts & {
  readonly backend: Backend
  readonly samples: number
  readonly loss: number
  readonly seconds: { readonly train: number; readonly encrypt: number }
}

export type PrepareRequest = {
  readonly task: Hex
  readonly round: number
  readonly spec: Uint8Array
  /** Who may open the model. */
  readonly recipients: readonly { readonly account: Hex; readonly box: Hex }[]
}

export type PreparedRound = {
  readonly modelHash: Hex
  readonly sealedModel: Uint8Array
  readonly publicKey: Uint8Array
  readonly seconds: number
}

export type UnmaskRequest = {
  readonly place: Place
  /** Of the round: names the sealing key. */
  readonly epoch: number
  /** In whose name this committee member acts. */
  readonly account: Hex
  /** Digest of the committed record: a round is released for one record only. */
  readonly record: Hex
  readonly wanted: readonly {
    /** Account of the data provider. */
    readonly provider: Hex
    /** `seed` for survivors, `key` for everyone else of the draw; never both. */
    readonly kind: Kind
    /** This member's sealed share in the provider's `Ready`, and the share's hash there. */
    readonly sealed: Hex
    readonly hash: Hex
  }[]
}

/** An opened share, as `Masks.shareHash` hashes it. */
export type Released = {
  readonly provider: Hex
  readonly kind: Kind
  readonly share: Hex
  readonly salt: Hex
}

export type OpenRequest = {
  readonly place: Place
  readonly spec: Uint8Array
  readonly backbone?: Uint8Array | undefined
  readonly testSet: string
  /** Digests of `RoundOpened` and `Cohorts`, from which masks follow. */
  readonly opened: Hex
  readonly cohortsDigest: Hex
  /** Shares that give a secret back. */
  readonly threshold: number
  /** One entry per cohort that was committed to. */
  readonly cohorts: readonly {
    readonly sum: readonly Uint8Array[]
    /** Root committed on chain; the sum's own root must equal it. */
    readonly sumRoot: Hex
    /** Everyone of the cohort in the draw, survivors or not. */
    readonly members: readonly Masked[]
  }[]
  /** Sets of these cohorts, a bit for each in their order, whose models are scored too (`Contribution.coalitions`). */
  readonly coalitions: readonly Coalition[]
}

/** What a data provider's `Ready` said, and what the committee released of it. */
export type Masked = {
  readonly account: Hex
  readonly ephemeral: Hex
  readonly seedHash: Hex
  /** Offered; public weights follow from those of survivors. */
  readonly samples: number
  /** Whether its update is in the sum: then the shares are of its seed, else of its key. */
  readonly survived: boolean
  /** `hash` as the `Ready` has it for this seat and kind. */
  readonly shares: readonly {
    readonly seat: number
    readonly hash: Hex
    readonly share: Hex
    readonly salt: Hex
  }[]
}

export type OpenedRound = {
  /** In the order of the request. A sum that was discarded left the model as it was, and has no digest. */
  readonly sums: readonly (
    | { readonly digest: Hex }
    | {
        readonly digest: null
        /** `secret`: a provider shared another secret than it announced. `guards`, `norm`: an update broke the rules. */
        readonly discarded: 'secret' | 'guards' | 'norm'
        /** Provider that is proven to be at fault; null where the sum alone does not say whose update it was. */
        readonly provider: Hex | null
      }
  )[]
  /** Members whose share is not the one in a `Ready`; the others' sufficed. */
  readonly wrongShares: readonly { readonly seat: number; readonly provider: Hex }[]
  /** Salted; the model's as it was where all sums were discarded. */
  readonly nextModelHash: Hex
  /** Correct predictions of the next model on the test set, and how many samples that has. */
  readonly correct: number
  readonly total: number
  /** Correct predictions of the model that each coalition's sums alone would have made; discarded ones add nothing. */
  readonly worth: readonly number[]
  readonly seconds: { readonly decrypt: number; readonly score: number }
}

export type FederateRequest = {
  readonly task: Hex
  readonly spec: Uint8Array
  /** Where each part of a warm start ended, little-endian float32. */
  readonly parts: readonly { readonly weights: Uint8Array; readonly samples: number }[]
}

export type SealSubjectRequest = {
  readonly task: Hex
  readonly round: number
  readonly coalitions: readonly Coalition[]
  /** Executors of the job. */
  readonly recipients: readonly { readonly account: Hex; readonly box: Hex }[]
  /** Digests of the test set's released shards, and the salt of its commitment. */
  readonly shards: readonly Hex[]
  readonly salt: Uint8Array
}

export type ScoreRequest = {
  readonly task: Hex
  readonly round: number
  /** As the job has it: nothing is scored that nobody pays for. */
  readonly models: number
  /** In whose name this executor acts. */
  readonly account: Hex
  readonly spec: Uint8Array
  /** dag-cbor of the job's subject, and the digest by which the job names it. */
  readonly subject: Uint8Array
  readonly digest: Hex
  /** The test set's released shards, in order. */
  readonly shards: readonly Uint8Array[]
  /** dag-cbor of the backbone that a head builds on. */
  readonly backbone?: Uint8Array | undefined
}

export type Crypto = {
  /** Makes the device's account and keys on first use, wrapped at rest by a non-extractable key. */
  identity(): Promise<Identity>
  /** Signs 32 bytes with the account or the device key: r, s, v. */
  sign(key: 'account' | 'device', digest: Hex): Promise<Hex>
  /** A passphrase-encrypted backup of keys and current models. */
  backup(passphrase: string): Promise<Uint8Array>
  restore(backup: Uint8Array, passphrase: string): Promise<Identity>
  /** What the data set was spent for. Throws `Vault.UnknownError` for one that is not in the vault. */
  openings(version: Version): Promise<Openings>
  /** Changes the limit from what the owner saw; `Ledger.ChangedError` where it is another by now. */
  limitOpenings(request: Version & { readonly from: number; readonly to: number }): Promise<Openings>
  /** A committee member's public key of an epoch, to which shares are sealed; made once, erased by `forget`. */
  sealingKey(request: { readonly task: Hex; readonly epoch: number }): Promise<Hex>
  /**
   * Makes a data provider's masks of a round and shares them; the same bytes when asked again, for nobody else. Throws
   * `Ledger.LimitError` where the data set has no opening left.
   */
  ready(request: ReadyRequest): Promise<Masks>
  /**
   * Opens the model, trains on the vault's rows, clips, quantises, masks, encrypts; the same bytes when asked again. Counts the
   * opening before the bytes are given.
   */
  contribute(request: ContributeRequest, progress: Progress): Promise<Contribution>
  /** Checks the structure of an encrypted update and computes its root. */
  check(ciphertexts: readonly Uint8Array[]): Promise<{ readonly root: Hex }>
  /** Adds encrypted updates, ciphertext by ciphertext. */
  aggregate(updates: readonly (readonly Uint8Array[])[]): Promise<Ciphertexts & { readonly seconds: number }>
  /** How fast it adds, as published: thousands of coefficients a second. */
  benchmark(): Promise<number>
  /** Shows the first word of a sum that is not what these updates add up to; undefined where all are right. */
  proveWrong(
    updates: readonly (readonly Uint8Array[])[],
    sum: readonly Uint8Array[],
  ): Promise<Wrong | undefined>
  /** Makes the first model of a task out of a warm start's parts, weighed by samples; a model that is there stays. */
  federate(request: FederateRequest): Promise<void>
  prepare(request: PrepareRequest): Promise<PreparedRound>
  /**
   * Opens a member's shares, remembers that it did, and gives them; the same when asked again. Shares that are not what
   * their `Ready` says are left out: the provider sealed something else.
   */
  unmask(request: UnmaskRequest): Promise<readonly Released[]>
  /**
   * Takes the masks off the sums, adds them to the model, scores it and what coalitions would have made. Throws `Unmask.TooFewError` while shares are
   * missing: ask again with more.
   */
  open(request: OpenRequest): Promise<OpenedRound>
  /** What the executors of a job that scores need, sealed to them: dag-cbor of a `Subject`. The same when asked again. */
  sealSubject(request: SealSubjectRequest): Promise<Uint8Array>
  /** Correct predictions of each model of a job's subject, sealed to this device. */
  score(request: ScoreRequest): Promise<readonly number[]>
  /**
   * Erases secrets that can be needed no more: a round's (mask secrets, update, BFV key), an epoch's sealing key, or with
   * neither all of a task. What is forgotten is not made again.
   */
  forget(request: { readonly task: Hex; readonly epoch?: number; readonly round?: number }): Promise<void>
  /** Little-endian float32 weights of the model provider's own current model, behind a 4-byte length and JSON header (safetensors). */
  exportModel(task: Hex, spec: Uint8Array): Promise<Uint8Array>
  /** dag-cbor of the backbone that an exported file makes, to be published. */
  backbone(file: Uint8Array): Promise<Uint8Array>
}

// network (app origin; opaque bytes only)

export type NetworkStatus = {
  readonly peerId: string
  readonly relays: readonly { readonly address: string; readonly connected: boolean }[]
  readonly bytesUp: number
  readonly bytesDown: number
}

export type Received = {
  readonly topic: string
  /** The relay's cursor; pass the last one to `subscribe` after a restart. Per topic and relay, increasing. */
  readonly cursor: number
  readonly message: Uint8Array
}

export type Network = {
  start(options: { readonly relays: readonly string[] }): Promise<NetworkStatus>
  status(): Promise<NetworkStatus>
  /** History after the cursor first, then live messages; each message at least once, at-most-once not promised. */
  subscribe(topic: string, cursor: number, received: (message: Received) => void): Promise<void>
  unsubscribe(topic: string): Promise<void>
  /** Resolves when at least one relay has stored the message; gossips it as well. */
  post(topic: string, message: Uint8Array): Promise<void>
  /** Stores blocks, resolves when at least one relay has pinned them all; returns their CIDs in order. */
  put(
    task: Hex,
    blocks: readonly { readonly codec: 'dag-cbor' | 'raw'; readonly bytes: Uint8Array }[],
  ): Promise<readonly string[]>
  /** Fetches one block by CID string, verified; refuses above `maximumBytes`. */
  get(cid: string, maximumBytes: number): Promise<Uint8Array>
  /** A request to the relay's sponsor or faucet; dag-cbor in, dag-cbor out (protocol/relay.ts). */
  ask(request: Uint8Array): Promise<Uint8Array>
  stop(): Promise<void>
}
