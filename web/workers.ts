// Starts the network worker and the hidden vault frame, and says plainly when one of them does not come up.
import * as Comlink from 'comlink'
import { BaseError } from '../protocol/errors.ts'
import type { Crypto } from '../workers/crypto/api.ts'
import type { Frame } from '../workers/frame/api.ts'
import type { Network } from '../workers/network/api.ts'
import type { Progress } from '../workers/progress.ts'
import type { Train } from '../workers/train/api.ts'
import type { Vault } from '../workers/vault/api.ts'

/** Comlink reaches the methods of members that are marked, through one port. */
type Wire = {
  readonly vault: Vault & Comlink.ProxyMarked
  readonly train: Train & Comlink.ProxyMarked
  readonly crypto: Crypto & Comlink.ProxyMarked
  persist(): Promise<boolean>
}

export type Started<api> = { readonly api: api; stop(): void }

/** The network worker of the app origin. `failed` is called when it dies by itself. */
export function startNetwork(failed: (error: BaseError) => void): Started<Network> {
  const worker = new Worker(new URL('../workers/network/worker.ts', import.meta.url), {
    type: 'module',
    name: 'network',
  })
  worker.addEventListener('error', (event) => failed(new NetworkWorkerError(event.message)))
  return { api: Comlink.wrap<Network>(worker), stop: () => worker.terminate() }
}

/** Calls `beat` once a second, also while the page is hidden; returns what ends it. */
export function startPulse(beat: () => void): () => void {
  const worker = new Worker(new URL('./net/pulse.ts', import.meta.url), { type: 'module', name: 'pulse' })
  worker.addEventListener('message', beat)
  return () => worker.terminate()
}

/** Attempts, and seconds each may take: a phone that is busy needs long to start SEAL and a GPU. */
const attempts = 3
const patience = 45

/** The hidden frame of the vault origin, once it has answered. */
export async function openVault(origin: string): Promise<Started<Frame>> {
  for (let attempt = 1; ; attempt += 1) {
    const frame = await load(origin)
    const remote = connect(frame, origin)
    try {
      await answered(remote.vault.list())
      return { api: local(remote), stop: () => frame.remove() }
    } catch (cause) {
      frame.remove()
      if (attempt === attempts) throw new VaultError(origin, cause)
    }
  }
}

function load(origin: string): Promise<HTMLIFrameElement> {
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.title = 'vault'
  frame.src = `${origin}/`
  return new Promise((resolve) => {
    frame.addEventListener('load', () => resolve(frame), { once: true })
    document.body.append(frame)
  })
}

function connect(frame: HTMLIFrameElement, origin: string): Comlink.Remote<Wire> {
  const { port1, port2 } = new MessageChannel()
  frame.contentWindow?.postMessage({ galaxy: 'vault' }, origin, [port2])
  return Comlink.wrap<Wire>(port1)
}

async function answered(answer: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patience} seconds`)), patience * 1000)
  })
  try {
    await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The frame with callbacks marked as proxies, so that callers need not know of Comlink. */
function local(remote: Comlink.Remote<Wire>): Frame {
  const { vault, train, crypto } = remote
  return {
    vault: {
      import: (request, progress) => vault.import(request, proxied(progress)),
      list: () => vault.list(),
      remove: (id) => vault.remove(id),
      storage: () => vault.storage(),
      commitment: (id) => vault.commitment(id),
      release: (id) => vault.release(id),
    },
    train: {
      warmStart: (request, progress) => train.warmStart(request, proxied(progress)),
      checkWarmStart: (request, progress) => train.checkWarmStart(request, proxied(progress)),
      probe: (forced) => train.probe(forced),
      benchmark: () => train.benchmark(),
      abort: () => train.abort(),
    },
    crypto: {
      identity: () => crypto.identity(),
      sign: (key, digest) => crypto.sign(key, digest),
      backup: (passphrase) => crypto.backup(passphrase),
      restore: (backup, passphrase) => crypto.restore(backup, passphrase),
      openings: (version) => crypto.openings(version),
      limitOpenings: (request) => crypto.limitOpenings(request),
      sealingKey: (request) => crypto.sealingKey(request),
      ready: (request) => crypto.ready(request),
      contribute: (request, progress) => crypto.contribute(request, proxied(progress)),
      check: (ciphertexts) => crypto.check(ciphertexts),
      aggregate: (updates) => crypto.aggregate(updates),
      benchmark: () => crypto.benchmark(),
      proveWrong: (updates, sum) => crypto.proveWrong(updates, sum),
      federate: (request) => crypto.federate(request),
      prepare: (request) => crypto.prepare(request),
      unmask: (request) => crypto.unmask(request),
      open: (request) => crypto.open(request),
      forget: (request) => crypto.forget(request),
      sealSubject: (request) => crypto.sealSubject(request),
      score: (request) => crypto.score(request),
      exportModel: (task, spec) => crypto.exportModel(task, spec),
      backbone: (file) => crypto.backbone(file),
    },
    persist: () => remote.persist(),
  }
}

function proxied(progress: Progress): Progress & Comlink.ProxyMarked {
  return Comlink.proxy(progress)
}

export class NetworkWorkerError extends BaseError {
  override readonly name = 'Workers.NetworkWorkerError'
  constructor(detail: string) {
    super({
      message: `The part of the app that talks to relays stopped${detail === '' ? '' : ` (${detail})`}.`,
      advice: 'Reload the page to start it again.',
      safe: 'Data, keys and the state of every task are stored on this device.',
    })
  }
}

export class VaultError extends BaseError {
  override readonly name = 'Workers.VaultError'
  constructor(origin: string, cause: unknown) {
    super({
      message: `The vault at ${origin} did not answer.`,
      advice:
        'Reload the page. A browser that blocks storage of third parties or frames has to allow it for this site.',
      safe: 'Your data and keys are in the vault and were not touched.',
      cause,
    })
  }
}
