// The train worker: takes weights from the crypto worker and rows from the vault, gives weights back to the former.
import * as Comlink from 'comlink'
import * as Weights from '../../protocol/weights.ts'
import * as Thrown from '../thrown.ts'
import * as Extractor from '../tensors/extractor.ts'
import * as Features from '../tensors/features.ts'
import type { Rows } from '../vault/ports.ts'
import type { WarmStartRequest } from './api.ts'
import { engines, strictKernels } from './backends.ts'
import type { TrainPeer, TrainWorker } from './ports.ts'
import * as Segments from './segments.ts'
import * as Trainer from './trainer.ts'
import * as WarmStart from './warmStart.ts'

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

/** A warm start's part; a head is trained on features as it is for data providers. */
function lesson(request: WarmStartRequest): WarmStart.Lesson {
  const { course, source } = WarmStart.read(request)
  const { model, backbone } = { model: course.model, backbone: request.backbone }
  const rows = request.job.data.join()
  const found = features.of({ model, source, backbone, rows, pause: () => trainer.pass() })
  return { course: { ...course, model: found.model }, source: found.source }
}

const api: TrainWorker = {
  warmStart: async (request, progress) => {
    const { course, source } = lesson(request)
    const ends = await trainer.using(course.model, ({ engine, pausing }) =>
      Segments.train(engine, course, source, pausing('segments', progress)),
    )
    const published = ends.map(Weights.toBytes)
    return Comlink.transfer(
      published,
      published.map(({ buffer }) => buffer),
    )
  },
  checkWarmStart: async ({ published, ...request }, progress) => {
    const { course, source } = lesson(request)
    const ends = published.map(Weights.fromBytes)
    const distance = await trainer.using(course.model, ({ engine, pausing }) =>
      Segments.distance(engine, course, source, ends, pausing('segments', progress)),
    )
    return distance <= request.job.tolerance
  },
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
