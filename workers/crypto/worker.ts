// The crypto worker: holds keys, models and updates; asks the train, score and vault workers through the ports it is
// given.
import * as Comlink from 'comlink'
import type { ScorePeer } from '../score/ports.ts'
import * as Thrown from '../thrown.ts'
import type { TrainPeer } from '../train/ports.ts'
import type { Versions } from '../vault/ports.ts'
import * as Crypto from './crypto.ts'
import type { CryptoWorker } from './ports.ts'
import * as Safe from './safe.ts'
import * as Sparingly from './sparingly.ts'

Thrown.carryAdvice()

const train = Promise.withResolvers<TrainPeer>()
const score = Promise.withResolvers<ScorePeer>()
const vault = Promise.withResolvers<Versions>()
const crypto = Crypto.create({
  safe: once(() => Safe.open('galaxy-keys')),
  // A megabyte and a half that a participant who has not joined a round yet does not load.
  seal: once(async () => {
    const [Seal, Inlined] = await Promise.all([import('./seal.ts'), import('./inlined.ts')])
    return Seal.load(Inlined.wasm())
  }),
  train: () => train.promise,
  score: () => score.promise,
  versions: () => vault.promise,
})

const api: CryptoWorker = {
  ...crypto,
  contribute: (request, progress) => crypto.contribute(request, Sparingly.reported(progress)),
  connect: (name, port) => {
    if (name === 'train') train.resolve(trainThrough(port))
    else if (name === 'score') score.resolve(scoreThrough(port))
    else vault.resolve(versionsThrough(port))
  },
}

/** Started by the first call; tried again by the next call after a failure. */
function once<started>(start: () => Promise<started>): () => Promise<started> {
  let running: Promise<started> | undefined
  return () => {
    running ??= start().catch((cause: unknown) => {
      running = undefined
      throw cause
    })
    return running
  }
}

function trainThrough(port: MessagePort): TrainPeer {
  const remote = Comlink.wrap<TrainPeer>(port)
  return {
    train: (request, progress) =>
      remote.train(Comlink.transfer(request, [request.weights.buffer]), Comlink.proxy(progress)),
  }
}

function scoreThrough(port: MessagePort): ScorePeer {
  const remote = Comlink.wrap<ScorePeer>(port)
  return { evaluate: (request) => remote.evaluate(request) }
}

function versionsThrough(port: MessagePort): Versions {
  const remote = Comlink.wrap<Versions>(port)
  return { origin: (dataSet, dataSignature) => remote.origin(dataSet, dataSignature) }
}

Comlink.expose(api)
