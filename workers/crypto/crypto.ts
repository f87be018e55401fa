// `Crypto` for the app, out of the safe, SEAL, and the workers that train and score.
import * as Backbone from '../../protocol/backbone.ts'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import { type Hex, digest32, parse } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import type { ScorePeer } from '../score/ports.ts'
import type { TrainPeer } from '../train/ports.ts'
import type { Versions } from '../vault/ports.ts'
import * as Adding from './adding.ts'
import type { Crypto, Version } from './api.ts'
import * as Backup from './backup.ts'
import * as Contribute from './contribute.ts'
import * as Forget from './forget.ts'
import * as Identity from './identity.ts'
import * as Ledger from './ledger.ts'
import * as Masking from './masking.ts'
import * as Member from './member.ts'
import type * as Records from './records.ts'
import * as Round from './round.ts'
import * as Safe from './safe.ts'
import * as Safetensors from './safetensors.ts'
import type { Seal } from './seal.ts'
import * as Subject from './subject.ts'
import * as Tree from './tree.ts'

/** Each is called when it is first needed. */
export type Means = {
  safe(): Promise<Safe.Safe>
  seal(): Promise<Seal>
  train(): Promise<TrainPeer>
  score(): Promise<ScorePeer>
  versions(): Promise<Versions>
}

export function create({ safe, seal, train, score, versions }: Means): Crypto {
  /** Updates being made: whoever asks for the same round meanwhile waits for the same training. */
  const making = new Map<string, Promise<Records.Update>>()

  /** Fails unless the vault has this version of this data set. */
  const originOf = async ({ dataSet, dataSignature }: Version): Promise<Hex> =>
    (await versions()).origin(dataSet, dataSignature)

  return {
    identity: async () => Identity.shown(await Identity.keys(await safe())),
    sign: async (key, digest) => {
      const hash = parse(digest32, digest, 'digest')
      const keys = await Identity.keys(await safe())
      await Identity.markUsed(await safe())
      return Eip712.sign(hash, keys[key])
    },
    backup: async (passphrase) => Backup.backup(await safe(), passphrase),
    restore: async (file, passphrase) => Identity.shown(await Backup.restore(await safe(), file, passphrase)),

    openings: async (version) => Ledger.of(await originOf(version), await safe()),
    limitOpenings: async ({ from, to, ...version }) =>
      Ledger.setLimit(await originOf(version), from, to, await safe()),

    sealingKey: async ({ task, epoch }) => Member.sealingKey(task, epoch, await safe()),
    ready: async (request) => {
      await Ledger.hold(request.place, await originOf(request), await safe())
      return Masking.ready(request, await safe())
    },
    contribute: async (request, progress) => {
      const key = `${request.place.task}/${request.place.round}`
      const make = async () =>
        Contribute.contribute(
          request,
          { safe: await safe(), seal: await seal(), train: await train(), versions: await versions() },
          progress,
        )
      const update = making.get(key) ?? make().finally(() => making.delete(key))
      making.set(key, update)
      return Contribute.shown(await update, request)
    },
    check: async (ciphertexts) => {
      ciphertexts.forEach((words, index) => Ciphertext.assert(words, index))
      return { root: Tree.root(ciphertexts) }
    },
    aggregate: async (encrypted) => {
      const started = performance.now()
      return { ...Adding.add(encrypted), seconds: (performance.now() - started) / 1000 }
    },
    benchmark: () => Promise.resolve().then(() => Adding.measure()),
    proveWrong: (updates, sum) => Promise.resolve().then(() => Ciphertext.proveWrong(updates, sum)),

    federate: async (request) => Round.federate(request, await safe()),
    prepare: async (request) => Round.prepare(request, { safe: await safe(), seal: await seal() }),
    unmask: async (request) => Member.unmask(request, await safe()),
    forget: async (request) => Forget.forget(request, await safe()),
    open: async (request) =>
      Round.open(request, { safe: await safe(), seal: await seal(), score: await score() }),
    sealSubject: async (request) => Subject.seal(request, await safe()),
    score: async (request) => Subject.score(request, { safe: await safe(), score: await score() }),
    exportModel: async (task, encoded) => {
      const spec = TaskSpec.decode(encoded)
      return Safetensors.encode(spec.model, await Round.currentWeights(task, spec, await safe()))
    },
    backbone: async (file) => {
      const { spec: model, weights } = Safetensors.decode(file)
      if (model.template === 'head') throw new Safetensors.HeadError()
      return Backbone.encode({ model, weights })
    },
  }
}
