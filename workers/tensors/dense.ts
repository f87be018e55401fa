// Dense layers as tensors: the forward pass that training and scoring share. Callers own and dispose of what they get.
import * as Model from '../../protocol/model.ts'
import type { Tensor, Tensors } from './tensors.ts'

export type DenseLayer = {
  readonly kernel: Tensor
  readonly bias: Tensor
}

/** Uploads flat weights, layer by layer. */
export function upload(tf: Tensors, spec: Model.Spec, weights: Float32Array): DenseLayer[] {
  return Model.layers(spec).map((layer) => ({
    kernel: tf.tensor2d(weights.slice(layer.kernel, layer.bias), [layer.inputs, layer.outputs]),
    bias: tf.tensor1d(weights.slice(layer.bias, layer.bias + layer.outputs)),
  }))
}

export function dispose(layers: readonly DenseLayer[]): void {
  for (const { kernel, bias } of layers) {
    kernel.dispose()
    bias.dispose()
  }
}

/** The output of every layer for a batch [samples, inputs]; the last are logits, the others are after ReLU. */
export function forward(tf: Tensors, layers: readonly DenseLayer[], batch: Tensor): Tensor[] {
  const outputs: Tensor[] = []
  let input = batch
  layers.forEach(({ kernel, bias }, index) => {
    const activation = index + 1 < layers.length ? 'relu' : 'linear'
    input = tf.fused.matMul({ a: input, b: kernel, bias, activation })
    outputs.push(input)
  })
  return outputs
}
