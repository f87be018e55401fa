// What an engine must offer to train a model: one step at a time, never waiting until asked to.
import * as Model from '../../protocol/model.ts'
import type { Batch } from '../tensors/batches.ts'
import * as Batches from '../tensors/batches.ts'
import * as Dense from '../tensors/dense.ts'
import type { Scalar, Tensors } from '../tensors/tensors.ts'
import { gradients } from './gradients.ts'

export type TrainStep = {
  /** Enqueues one step of SGD with momentum on the mean cross-entropy of the batch. */
  step(batch: Batch): void
  /** Cross-entropy summed over all samples since it was last taken; waits for every enqueued step. */
  takeLoss(): Promise<number>
  /** A copy of the weights; waits for every enqueued step. */
  weights(): Promise<Float32Array<ArrayBuffer>>
  /** Frees what the engine holds. */
  dispose(): void
}

/** The tfjs engine on whatever backend is selected. Keeps weights, velocity and the loss on the device. */
export function onTensors(
  tf: Tensors,
  spec: Model.Spec,
  training: Pick<Model.Training, 'learningRate' | 'momentum'>,
  initial: Float32Array,
): TrainStep {
  const { learningRate, momentum } = training
  let layers = Dense.upload(tf, spec, initial)
  let velocity = momentum === 0 ? [] : Dense.upload(tf, spec, new Float32Array(initial.length))
  let loss: Scalar = tf.scalar(0)
  const decay = tf.scalar(momentum)

  return {
    step({ samples, inputs, classes }) {
      const next = tf.tidy(() => {
        const batch = tf.tensor2d(inputs, [samples, spec.inputs])
        const labels = tf.tensor2d(Batches.oneHot(classes, spec.classes), [samples, spec.classes])
        // The learning rate scales the smallest tensor of the backward pass, so the velocity already contains it.
        const found = gradients(tf, layers, batch, labels, tf.scalar(learningRate / samples))
        const moved =
          velocity.length === 0 ? [...found.layers] : accumulate(tf, velocity, decay, found.layers)
        return {
          layers: subtract(tf, layers, moved),
          velocity: moved,
          loss: tf.add<Scalar>(loss, found.loss),
        }
      })
      Dense.dispose(layers)
      Dense.dispose(velocity)
      loss.dispose()
      layers = next.layers
      loss = next.loss
      if (momentum === 0) Dense.dispose(next.velocity)
      else velocity = next.velocity
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
    async weights() {
      const flat = new Float32Array(initial.length)
      const places = Model.layers(spec)
      for (const [index, layer] of layers.entries()) {
        const place = places[index]
        if (!place) continue
        flat.set(await layer.kernel.data(), place.kernel)
        flat.set(await layer.bias.data(), place.bias)
      }
      return flat
    },
    dispose() {
      Dense.dispose(layers)
      Dense.dispose(velocity)
      loss.dispose()
      decay.dispose()
    },
  }
}

function accumulate(
  tf: Tensors,
  velocity: readonly Dense.DenseLayer[],
  decay: Scalar,
  found: readonly Dense.DenseLayer[],
): Dense.DenseLayer[] {
  return pairs(velocity, found).map(([before, gradient]) => ({
    kernel: tf.add(tf.mul(before.kernel, decay), gradient.kernel),
    bias: tf.add(tf.mul(before.bias, decay), gradient.bias),
  }))
}

function subtract(
  tf: Tensors,
  layers: readonly Dense.DenseLayer[],
  moved: readonly Dense.DenseLayer[],
): Dense.DenseLayer[] {
  return pairs(layers, moved).map(([layer, by]) => ({
    kernel: tf.sub(layer.kernel, by.kernel),
    bias: tf.sub(layer.bias, by.bias),
  }))
}

function pairs<one>(left: readonly one[], right: readonly one[]): [one, one][] {
  return left.flatMap((value, index): [one, one][] => {
    const other = right[index]
    return other === undefined ? [] : [[value, other]]
  })
}
