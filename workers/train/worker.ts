// The train worker: takes weights from the crypto worker and rows from the vault, gives weights back to the former.
import * as Comlink from 'comlink'
import * as Thrown from '../thrown.ts'
import type { Rows } from '../vault/api.ts'
import type { TrainPeer, TrainWorker } from './api.ts'
import { engines } from './backends.ts'
import * as Trainer from './trainer.ts'

Thrown.carryAdvice()

const trainer = Trainer.create(engines)
const vault = Promise.withResolvers<Comlink.Remote<Rows>>()

const peer: TrainPeer = {
  train: async ({ dataSet, dataSignature, ...job }, progress) => {
    const rows = await vault.promise
    const { schema, shards, version } = await rows.open(dataSet, dataSignature)
    const source = { schema, shards, shard: (index: number) => rows.shard(dataSet, version, index) }
    const trained = await trainer.train(job, source, progress)
    return Comlink.transfer(trained, [trained.weights.buffer])
  },
}

const api: TrainWorker = {
  probe: (forced) => trainer.probe(forced),
  benchmark: () => trainer.benchmark(),
  pause: () => trainer.pause(),
  resume: () => trainer.resume(),
  abort: () => trainer.abort(),
  connect: (name, port) => {
    if (name === 'vault') vault.resolve(Comlink.wrap<Rows>(port))
    else Comlink.expose(peer, port)
  },
}

Comlink.expose(api)
