// Gradients of the cross-entropy by hand: fewer operations than a recorded tape, the same numbers (tested against it).
import { type DenseLayer, forward } from '../tensors/dense.ts'
import type { Scalar, Tensor, Tensors } from '../tensors/tensors.ts'

export type Gradients = {
  readonly layers: readonly DenseLayer[]
  /** Cross-entropy summed over the batch. */
  readonly loss: Scalar
}

/**
 * Gradients of `scale` × the summed cross-entropy of a batch [samples, inputs] with one-hot `labels` [samples,
 * classes]. Call it inside `tidy`.
 */
export function gradients(
  tf: Tensors,
  layers: readonly DenseLayer[],
  batch: Tensor,
  labels: Tensor,
  scale: Scalar,
): Gradients {
  const { left, right, rows } = products(tf)
  const outputs = forward(tf, layers, batch)
  const logits = outputs.at(-1) ?? batch
  const probabilities = tf.softmax(logits)
  let delta: Tensor = tf.mul(tf.sub(probabilities, labels), scale)
  const found: DenseLayer[] = []
  for (let index = layers.length - 1; index >= 0; index--) {
    const input = index === 0 ? batch : (outputs[index - 1] ?? batch)
    found.unshift({ kernel: left(input, delta), bias: rows(delta) })
    const layer = layers[index]
    if (index > 0 && layer) delta = tf.mul(right(delta, layer.kernel), tf.step(input))
  }
  const picked = tf.sum(tf.mul(probabilities, labels), 1)
  const loss: Scalar = tf.neg(tf.sum(tf.log(tf.maximum(picked, smallest))))
  return { layers: found, loss }
}

/** Keeps the logarithm finite where a probability rounds to 0. */
const smallest = 1e-30

type Products = {
  /** aᵀ · b */
  left(a: Tensor, b: Tensor): Tensor
  /** a · bᵀ */
  right(a: Tensor, b: Tensor): Tensor
  /** The sum of all rows. */
  rows(a: Tensor): Tensor
}

/**
 * The fastest way to the same products. In tfjs-wasm only the product of two plain operands is fast: one with a
 * transposed operand takes nine times as long, and a sum over rows longer than a product with ones. On WebGPU it is
 * a transposed copy that takes twice as long as the whole product.
 */
function products(tf: Tensors): Products {
  if (tf.getBackend() !== 'wasm') {
    return {
      left: (a, b) => tf.matMul(a, b, true, false),
      right: (a, b) => tf.matMul(a, b, false, true),
      rows: (a) => tf.sum(a, 0),
    }
  }
  return {
    left: (a, b) => tf.matMul(tf.transpose(a), b),
    right: (a, b) => tf.matMul(a, tf.transpose(b)),
    rows: (a) => {
      const [count = 0, width = 0] = a.shape
      return tf.reshape(tf.matMul(tf.fill([1, count], 1), a), [width])
    },
  }
}
