// A model as tensors and its way forward, which training and scoring share. Callers own and dispose of what they get.
import * as Layer from '../../protocol/layer.ts'
import * as Model from '../../protocol/model.ts'
import type { Tensor, Tensor4D, Tensors } from './tensors.ts'

/** Kernel and bias of each layer that has them, in turn. */
export function upload(tf: Tensors, spec: Model.Spec, flat: Float32Array): Tensor[] {
  return Model.layers(spec).flatMap((layer): Tensor[] => {
    if (!Layer.isWeighted(layer)) return []
    const kernel = flat.slice(layer.kernel, layer.bias)
    const bias = tf.tensor1d(flat.slice(layer.bias, layer.bias + layer.outputs))
    if (layer.kind === 'dense') return [tf.tensor2d(kernel, [layer.inputs, layer.outputs]), bias]
    const { kernelHeight, kernelWidth, channels, outputs } = layer
    return [tf.tensor4d(kernel, [kernelHeight, kernelWidth, channels, outputs]), bias]
  })
}

/** Logits [samples, classes] of inputs [samples, values]. */
export function forward(tf: Tensors, spec: Model.Spec, parts: readonly Tensor[], inputs: Tensor): Tensor {
  const [samples = 0] = inputs.shape
  let output = inputs
  let next = 0
  for (const layer of Model.layers(spec)) {
    if (layer.kind === 'pool') {
      const window: [number, number] = [layer.poolHeight, layer.poolWidth]
      output = tf.maxPool(picture(tf, output, layer), window, window, 'valid')
    } else if (layer.kind === 'mean')
      output = tf.mean(tf.reshape(output, [samples, layer.positions, layer.channels]), 1)
    else {
      const [kernel, bias] = [parts[next], parts[next + 1]]
      next += 2
      if (kernel === undefined || bias === undefined) throw new RangeError('a layer without weights')
      const product =
        layer.kind === 'dense'
          ? tf.matMul(tf.reshape(output, [samples, layer.inputs]), kernel)
          : convolved(tf, picture(tf, output, layer), kernel, layer)
      const sum = tf.add(product, bias)
      output = layer.activation === 'relu' ? tf.relu(sum) : sum
    }
  }
  return output
}

function convolved(tf: Tensors, input: Tensor4D, kernel: Tensor, layer: Layer.Convolution): Tensor {
  const { height, width, kernelHeight, kernelWidth, stride, padTop, padLeft, outHeight, outWidth } = layer
  const bottom = Math.max(0, (outHeight - 1) * stride + kernelHeight - height - padTop)
  const right = Math.max(0, (outWidth - 1) * stride + kernelWidth - width - padLeft)
  const padded = tf.pad(input, [
    [0, 0],
    [padTop, bottom],
    [padLeft, right],
    [0, 0],
  ])
  const shape: [number, number, number, number] = [kernelHeight, kernelWidth, layer.channels, layer.outputs]
  const filter: Tensor4D = tf.reshape(kernel, shape)
  return tf.conv2d(padded, filter, stride, 'valid')
}

function picture(
  tf: Tensors,
  flat: Tensor,
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
): Tensor4D {
  const [samples = 0] = flat.shape
  return tf.reshape(flat, [samples, height, width, channels])
}
