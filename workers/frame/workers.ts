// Starts the four workers of the vault's origin and joins those that may talk, and no others.
import * as Comlink from 'comlink'
import { BaseError } from '../../protocol/errors.ts'
import type { CryptoWorker } from '../crypto/ports.ts'
import type { Progress } from '../progress.ts'
import type { ScoreWorker } from '../score/ports.ts'
import type { TrainWorker } from '../train/ports.ts'
import type { VaultWorker } from '../vault/ports.ts'
import type { Frame } from './api.ts'

type Started<api> = {
  readonly remote: Comlink.Remote<api>
  /** The answer, or why the worker cannot give one. */
  asked<answer>(answer: Promise<answer>): Promise<answer>
}

/**
 * Rows go from vault to train and score, weights between crypto and these two, names of versions from vault to crypto;
 * none of it passes through here.
 */
export function start(): Frame {
  const vault = started<VaultWorker>(
    'vault',
    new Worker(new URL('../vault/worker.ts', import.meta.url), { type: 'module', name: 'vault' }),
  )
  const train = started<TrainWorker>(
    'train',
    new Worker(new URL('../train/worker.ts', import.meta.url), { type: 'module', name: 'train' }),
  )
  const score = started<ScoreWorker>(
    'score',
    new Worker(new URL('../score/worker.ts', import.meta.url), { type: 'module', name: 'score' }),
  )
  const crypto = started<CryptoWorker>(
    'crypto',
    new Worker(new URL('../crypto/worker.ts', import.meta.url), { type: 'module', name: 'crypto' }),
  )

  join(
    (port) => vault.remote.connect('train', port),
    (port) => train.remote.connect('vault', port),
  )
  join(
    (port) => vault.remote.connect('score', port),
    (port) => score.remote.connect('vault', port),
  )
  join(
    (port) => train.remote.connect('crypto', port),
    (port) => crypto.remote.connect('train', port),
  )
  join(
    (port) => score.remote.connect('crypto', port),
    (port) => crypto.remote.connect('score', port),
  )

  join(
    (port) => vault.remote.connect('crypto', port),
    (port) => crypto.remote.connect('vault', port),
  )

  return {
    vault: {
      import: (request, progress) => vault.asked(vault.remote.import(request, passed(progress))),
      list: () => vault.asked(vault.remote.list()),
      remove: (id) => vault.asked(vault.remote.remove(id)),
      storage: () => vault.asked(vault.remote.storage()),
      commitment: (id) => vault.asked(vault.remote.commitment(id)),
      release: (id) => vault.asked(vault.remote.release(id)),
    },
    train: {
      warmStart: (request, progress) => train.asked(train.remote.warmStart(request, passed(progress))),
      checkWarmStart: (request, progress) =>
        train.asked(train.remote.checkWarmStart(request, passed(progress))),
      probe: (forced) => train.asked(train.remote.probe(forced)),
      benchmark: () => train.asked(train.remote.benchmark()),
      abort: () => train.asked(train.remote.abort()),
    },
    crypto: {
      identity: () => crypto.asked(crypto.remote.identity()),
      sign: (key, digest) => crypto.asked(crypto.remote.sign(key, digest)),
      backup: (passphrase) => crypto.asked(crypto.remote.backup(passphrase)),
      restore: (backup, passphrase) => crypto.asked(crypto.remote.restore(backup, passphrase)),
      openings: (version) => crypto.asked(crypto.remote.openings(version)),
      limitOpenings: (request) => crypto.asked(crypto.remote.limitOpenings(request)),
      sealingKey: (request) => crypto.asked(crypto.remote.sealingKey(request)),
      ready: (request) => crypto.asked(crypto.remote.ready(request)),
      contribute: (request, progress) => crypto.asked(crypto.remote.contribute(request, passed(progress))),
      check: (ciphertexts) => crypto.asked(crypto.remote.check(ciphertexts)),
      aggregate: (updates) => crypto.asked(crypto.remote.aggregate(updates)),
      benchmark: () => crypto.asked(crypto.remote.benchmark()),
      proveWrong: (updates, sum) => crypto.asked(crypto.remote.proveWrong(updates, sum)),
      federate: (request) => crypto.asked(crypto.remote.federate(request)),
      prepare: (request) => crypto.asked(crypto.remote.prepare(request)),
      unmask: (request) => crypto.asked(crypto.remote.unmask(request)),
      open: (request) => crypto.asked(crypto.remote.open(request)),
      forget: (request) => crypto.asked(crypto.remote.forget(request)),
      sealSubject: (request) => crypto.asked(crypto.remote.sealSubject(request)),
      score: (request) => crypto.asked(crypto.remote.score(request)),
      exportModel: (task, spec) => crypto.asked(crypto.remote.exportModel(task, spec)),
      backbone: (file) => crypto.asked(crypto.remote.backbone(file)),
    },
    persist: async () => (await navigator.storage.persisted()) || (await navigator.storage.persist()),
  }
}

function started<api>(name: string, worker: Worker): Started<api> {
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => undefined)
  let answered = false
  worker.addEventListener('error', (event) => {
    if (!answered) failure.reject(new StartError(name, event.message))
  })
  return {
    remote: Comlink.wrap<api>(worker),
    asked: async (answer) => {
      const given = await Promise.race([answer, failure.promise])
      answered = true
      return given
    },
  }
}

function join(first: (port: MessagePort) => unknown, second: (port: MessagePort) => unknown): void {
  const { port1, port2 } = new MessageChannel()
  first(Comlink.transfer(port1, [port1]))
  second(Comlink.transfer(port2, [port2]))
}

function passed(progress: Progress): Progress & Comlink.ProxyMarked {
  return Comlink.proxy((step: Parameters<Progress>[0]) => progress(step))
}

export class StartError extends BaseError {
  override readonly name = 'Frame.StartError'
  constructor(worker: string, detail: string | undefined) {
    super({
      message: `The ${worker} part of the vault did not start${detail ? ` (${detail})` : ''}.`,
      advice: 'Reload the page. If it stays, update the browser: it may be too old for this app.',
      safe: 'Your data and keys are stored and were not touched.',
    })
  }
}
