// The vault, train and score workers with real ports between them: files go in, weights and a count come out.
import * as Comlink from 'comlink'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as Backbone from '../../protocol/backbone.ts'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Digits from '../../test/digits.ts'
import type { ScorePeer, ScoreWorker } from '../score/ports.ts'
import type { TrainPeer, TrainWorker } from '../train/ports.ts'
import type { DataSet, ImportRequest } from './api.ts'
import type { VaultWorker } from './ports.ts'

const started: Worker[] = []
const ignore = Comlink.proxy(() => undefined)

function start<api>(url: URL): Comlink.Remote<api> {
  const worker = new Worker(url, { type: 'module' })
  started.push(worker)
  return Comlink.wrap<api>(worker)
}

function startVault(): Comlink.Remote<VaultWorker> {
  return start<VaultWorker>(new URL('./worker.ts', import.meta.url))
}

let vault = startVault()

beforeEach(async () => {
  vault = startVault()
  for (const { id } of await vault.list()) await vault.remove(id)
})

afterEach(() => {
  for (const worker of started.splice(0)) worker.terminate()
})

function digits(count: number, seed: number): ImportRequest {
  return { name: 'bands', schemaId: Schema.id(Schema.digits), files: Digits.idxPair(count, seed) }
}

async function picture(name: string, width: number, height: number, colour: string): Promise<File> {
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')
  if (context) {
    context.fillStyle = colour
    context.fillRect(0, 0, width, height)
  }
  return new File([await canvas.convertToBlob({ type: 'image/png' })], name, { type: 'image/png' })
}

async function failure(
  work: Promise<unknown>,
): Promise<{ name: string; message: string; advice: string; safe: string }> {
  try {
    await work
  } catch (error) {
    if (error instanceof Error && 'advice' in error && 'safe' in error) {
      return {
        name: error.name,
        message: error.message,
        advice: String(error.advice),
        safe: String(error.safe),
      }
    }
    throw error
  }
  throw new Error('it did not fail')
}

describe('a data set in the browser', () => {
  it('is trained on and scored by the workers next to the vault', async () => {
    const train = start<TrainWorker>(new URL('../train/worker.ts', import.meta.url))
    const score = start<ScoreWorker>(new URL('../score/worker.ts', import.meta.url))
    const rows = [new MessageChannel(), new MessageChannel()] as const
    const crypto = [new MessageChannel(), new MessageChannel()] as const
    await vault.connect('train', Comlink.transfer(rows[0].port1, [rows[0].port1]))
    await vault.connect('score', Comlink.transfer(rows[1].port1, [rows[1].port1]))
    await train.connect('vault', Comlink.transfer(rows[0].port2, [rows[0].port2]))
    await score.connect('vault', Comlink.transfer(rows[1].port2, [rows[1].port2]))
    await train.connect('crypto', Comlink.transfer(crypto[0].port1, [crypto[0].port1]))
    await score.connect('crypto', Comlink.transfer(crypto[1].port1, [crypto[1].port1]))
    const trainer = Comlink.wrap<TrainPeer>(crypto[0].port2)
    const scorer = Comlink.wrap<ScorePeer>(crypto[1].port2)

    const data: DataSet = await vault.import(digits(2000, 1), ignore)
    const test: DataSet = await vault.import(digits(500, 2), ignore)
    const model = { template: 'mlp', inputs: 784, hidden: [41], classes: 10 } as const
    const training = { epochs: 2, batchSize: 32, learningRate: 0.05, momentum: 0.9, seed: 1 }
    const weights = Model.initialise(model, 1)
    const chosen = await train.probe()
    expect(chosen.software).toBe(false)
    const job = { model, training, weights, dataSet: data.id, dataSignature: data.dataSignature, round: 0 }
    const trained = await trainer.train(job, ignore)
    expect(trained).toMatchObject({ samples: 2000, backend: chosen.backend, notice: '' })
    expect(trained.weights.length).toBe(weights.length)
    const before = await scorer.evaluate({ model, weights: [weights], rows: test.id })
    const after = await scorer.evaluate({ model, weights: [trained.weights], rows: test.id })
    expect(before.total).toBe(500)
    expect(after.correct[0]).toBeGreaterThan(490)
    expect(after.correct).toEqual(
      (await scorer.evaluate({ model, weights: [trained.weights], rows: test.id })).correct,
    )
    const backbone = Backbone.encode({ model, weights: trained.weights })
    const head: Model.Spec = {
      ...{
        template: 'head',
        inputs: 784,
        features: 41,
        multiplyAdds: Backbone.multiplyAdds(model),
        hidden: [],
        classes: 10,
      },
      backbone: Backbone.digest(backbone),
    }
    const upon = { ...job, model: head, weights: Model.initialise(head, 1) }
    const taught = await trainer.train({ ...upon, backbone }, ignore)
    const seen = { model: head, backbone, weights: [taught.weights], rows: test.id }
    expect(taught.weights.length).toBe(41 * 10 + 10)
    expect((await scorer.evaluate(seen)).correct[0]).toBeGreaterThan(480)
    expect(await failure(trainer.train(upon, ignore))).toMatchObject({ name: 'Backbone.MissingError' })
    const changed = trainer.train({ ...job, dataSignature: `0x${'0'.repeat(64)}` }, ignore)
    expect(await failure(changed)).toMatchObject({ name: 'Vault.ChangedError' })
    const small: Model.Spec = { ...model, inputs: 4 }
    const mismatch = trainer.train({ ...job, model: small, weights: Model.initialise(small, 1) }, ignore)
    expect(await failure(mismatch)).toMatchObject({ name: 'Schema.MismatchError' })
  })

  it('is there again when the tab comes back', async () => {
    const { id, dataSignature } = await vault.import(digits(300, 1), ignore)
    for (const worker of started.splice(0)) worker.terminate()
    vault = startVault()
    expect(await vault.list()).toMatchObject([{ id, dataSignature, samples: 300 }])
    expect(await vault.commitment(id)).toMatch(/^0x[0-9a-f]{64}$/)
  })

  it('is made of pictures whose names start with their class', async () => {
    const schemaId = Schema.id(Schema.digits)
    const files = [await picture('7_first.png', 28, 28, '#fff'), await picture('3.png', 28, 28, '#808080')]
    const { samples, perClass } = await vault.import({ name: 'pictures', schemaId, files }, ignore)
    expect(samples).toBe(2)
    expect(perClass).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0, 0])
    const wide = [...files, await picture('4.png', 32, 28, '#000')]
    expect(await failure(vault.import({ name: 'wide', schemaId, files: wide }, ignore))).toMatchObject({
      name: 'Images.SizeError',
      message: '4.png is 32 × 28 pixels, expected 28 × 28.',
    })
    const unnamed = [await picture('holiday.png', 28, 28, '#000')]
    expect(await failure(vault.import({ name: 'x', schemaId, files: unnamed }, ignore))).toMatchObject({
      name: 'Images.LabelError',
    })
    const broken = [new File(['not a picture'], '5.png', { type: 'image/png' })]
    expect(await failure(vault.import({ name: 'x', schemaId, files: broken }, ignore))).toMatchObject({
      name: 'Images.PictureError',
    })
    expect((await vault.list()).length).toBe(1)
  })
})
