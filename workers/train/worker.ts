// The train worker: takes weights from the crypto worker and rows from the vault, gives weights back to the former.
import * as Comlink from 'comlink'
import * as Thrown from '../thrown.ts'
import type { Rows } from '../vault/api.ts'
import * as Extractor from '../tensors/extractor.ts'
import * as Features from '../tensors/features.ts'
import type { TrainPeer, TrainWorker } from './api.ts'
import { engines, strictKernels } from './backends.ts'
import * as Trainer from './trainer.ts'

Thrown.carryAdvice()

const trainer = Trainer.create(engines)
const features = Features.create(async (...backbone) => Extractor.start(await strictKernels(), ...backbone))
const vault = Promise.withResolvers<Comlink.Remote<Rows>>()

const peer: TrainPeer = {
  train: async ({ dataSet, dataSignature, backbone, ...job }, progress) => {
    const rows = await vault.promise
    const { schema, shards, version } = await rows.open(dataSet, dataSignature)
    const { model, source } = features.of({
      model: job.model,
      source: { schema, shards, shard: (index) => rows.shard(dataSet, version, index) },
      backbone,
      rows: dataSignature,
      pause: () => trainer.pass(),
    })
    const trained = await trainer.train({ ...job, model }, source, progress)
    return Comlink.transfer(trained, [trained.weights.buffer])
  },
}

const api: TrainWorker = {
  probe: (forced) => trainer.probe(forced),
  pause: () => trainer.pause(),
  resume: () => trainer.resume(),
  abort: () => trainer.abort(),
  connect: (name, port) => {
    if (name === 'vault') vault.resolve(Comlink.wrap<Rows>(port))
    else Comlink.expose(peer, port)
  },
}

Comlink.expose(api)
