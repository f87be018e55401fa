// Training by TensorFlow.js with its own derivatives: slow on a processor, and what the other engines are measured against.
import * as Model from '../../protocol/model.ts'
import * as Batches from '../tensors/batches.ts'
import { forward, upload } from './forward.ts'
import type { Scalar, Tensor, Tensors } from './tensors.ts'
import type { Settings, TrainStep } from './trainStep.ts'

/** On the selected backend, which must know the gradients of all its operations (`register_all_gradients`). */
export function start(tf: Tensors, settings: Settings): TrainStep {
  const { spec, learningRate, momentum, initial } = settings
  let weights = upload(tf, spec, initial.weights)
  let velocity = upload(tf, spec, initial.velocity)
  let loss: Scalar = tf.scalar(0)

  return {
    step({ samples, inputs, classes }) {
      const next = tf.tidy(() => {
        const labels = tf.tensor2d(Batches.oneHot(classes, spec.classes), [samples, spec.classes])
        const input = tf.tensor2d(inputs, [samples, Model.layerInputs(spec)])
        const { value, grads } = tf.valueAndGrads((...parts: Tensor[]) => {
          const logits = forward(tf, spec, parts, input)
          return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), labels)))
        })([...weights])
        const moved = pairs(velocity, grads).map(([before, gradient]) =>
          tf.add(tf.mul(before, momentum), tf.mul(gradient, learningRate / samples)),
        )
        return {
          weights: pairs(weights, moved).map(([weight, by]) => tf.sub(weight, by)),
          velocity: moved,
          loss: tf.add<Scalar>(loss, value),
        }
      })
      for (const old of [...weights, ...velocity, loss]) old.dispose()
      weights = next.weights
      velocity = next.velocity
      loss = next.loss
    },
    async takeLoss() {
      const taken = loss
      loss = tf.scalar(0)
      try {
        return (await taken.data())[0] ?? Number.NaN
      } finally {
        taken.dispose()
      }
    },
    async state() {
      return { weights: await download(weights), velocity: await download(velocity) }
    },
    dispose() {
      for (const old of [...weights, ...velocity, loss]) old.dispose()
    },
  }
}

async function download(parts: readonly Tensor[]): Promise<Float32Array<ArrayBuffer>> {
  const flat = new Float32Array(parts.reduce((sum, part) => sum + part.size, 0))
  let at = 0
  for (const part of parts) {
    flat.set(await part.data(), at)
    at += part.size
  }
  return flat
}

function pairs<one>(left: readonly one[], right: readonly one[]): [one, one][] {
  return left.flatMap((value, index): [one, one][] => {
    const other = right[index]
    return other === undefined ? [] : [[value, other]]
  })
}
