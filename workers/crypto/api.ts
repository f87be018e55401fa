// What the app may ask of the crypto worker: what keys are needed for, never a key. Types only.
import type { Wrong } from '../../protocol/ciphertext.ts'
import type { Hex } from '../../protocol/codec.ts'
import type { Coalition } from '../../protocol/contribution.ts'
import type { Kind, Masks, Place } from '../../protocol/masks.ts'
import type { Progress } from '../progress.ts'
import type { Backend } from '../train/api.ts'

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
