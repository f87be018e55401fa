// TensorFlow.js as its documentation trains: `optimizer.minimize` on variables, layers as its Layers API fuses them.
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients'
import '@tensorflow/tfjs-backend-cpu'
import * as wasm from '@tensorflow/tfjs-backend-wasm'
import alone from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url&inline'
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url&inline'
import '@tensorflow/tfjs-backend-webgl'
import '@tensorflow/tfjs-backend-webgpu'
import * as Model from '../../../protocol/model.ts'
import * as Batches from '../../../workers/tensors/batches.ts'
import { upload } from '../../../workers/train/forward.ts'
import * as Wasm from './tfjsWasm.ts'
import * as Work from './work.ts'

export async function start(
  backend: 'cpu' | 'wasm' | 'webgl' | 'webgpu',
  task: Work.Task,
): Promise<Work.Work> {
  const bytes = () => ({ alone: Wasm.inlined(alone), threaded: Wasm.inlined(threaded) })
  if (backend === 'wasm') await Wasm.start(tf, wasm, bytes())
  else if (!(await tf.setBackend(backend))) throw new Error('is not available')
  return task.kind === 'training' ? training(task.spec, task.samples) : await product(task.size)
}

function training(spec: Model.Spec, samples: number): Work.Work {
  const { inputs, classes } = Work.batch(spec, samples)
  const weights = upload(tf, spec, Work.initial(spec)).map((part) => tf.variable(part))
  const optimizer = tf.train.momentum(Work.rates.learningRate, Work.rates.momentum)
  const step = (): tf.Scalar =>
    tf.tidy(() => {
      const input = tf.tensor2d(inputs, [samples, Model.layerInputs(spec)])
      const labels = tf.tensor2d(Batches.oneHot(classes, spec.classes), [samples, spec.classes])
      const loss = () =>
        tf.reshape<tf.Rank.R0>(tf.losses.softmaxCrossEntropy(labels, forward(spec, weights, input)), [])
      return optimizer.minimize(loss, true) ?? tf.scalar(NaN)
    })
  return {
    operations: Work.operations(spec, samples),
    dispose: () => {
      optimizer.dispose()
      tf.dispose(weights)
    },
    run: async (times) => {
      let cost = step()
      for (let i = 1; i < times; i++) {
        cost.dispose()
        cost = step()
      }
      // Read after everything of the step was enqueued, so it waits for all of it.
      const [found = NaN] = await cost.data()
      cost.dispose()
      return found
    },
  }
}

/** Logits [samples, classes]; the convolutions that are compared are `valid`, with stride 1. */
function forward(spec: Model.Spec, weights: readonly tf.Tensor[], inputs: tf.Tensor2D): tf.Tensor {
  let output: tf.Tensor = inputs
  let next = 0
  for (const layer of Model.layers(spec)) {
    const picture = (flat: tf.Tensor, { height, width, channels }: Picture) =>
      tf.reshape<tf.Rank.R4>(flat, [inputs.shape[0], height, width, channels])
    if (layer.kind === 'pool')
      output = tf.maxPool(picture(output, layer), layer.poolHeight, layer.poolHeight, 'valid')
    else if (layer.kind !== 'mean') {
      const [kernel, bias] = [weights[next], weights[next + 1]]
      next += 2
      if (kernel === undefined || bias === undefined) throw new RangeError('a layer without weights')
      const activation = layer.activation === 'relu' ? 'relu' : 'linear'
      output =
        layer.kind === 'dense'
          ? tf.fused.matMul({
              a: tf.reshape(output, [inputs.shape[0], layer.inputs]),
              b: kernel,
              bias,
              activation,
            })
          : tf.fused.conv2d({
              x: picture(output, layer),
              filter: tf.reshape<tf.Rank.R4>(kernel, [
                layer.kernelHeight,
                layer.kernelWidth,
                layer.channels,
                layer.outputs,
              ]),
              ...{ strides: 1, pad: 'valid', bias, activation },
            })
    }
  }
  return output
}

type Picture = { readonly height: number; readonly width: number; readonly channels: number }

async function product(size: number): Promise<Work.Work> {
  const left = tf.tensor2d(Work.matrix(size, 1), [size, size])
  const right = tf.tensor2d(Work.matrix(size, 2), [size, size])
  const run = async (times: number) => {
    for (let i = 1; i < times; i++) tf.matMul(left, right).dispose()
    const corner = tf.tidy(() => tf.slice(tf.matMul(left, right), [0, 0], [1, 1]))
    const [found = NaN] = await corner.data()
    corner.dispose()
    return found
  }
  Work.assertProduct(await run(1), size)
  return { run, dispose: () => tf.dispose([left, right]), operations: 2 * size ** 3 }
}
