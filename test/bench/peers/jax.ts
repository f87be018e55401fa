// jax-js as its documentation trains: the whole step, with its gradients and its optimizer, compiled by `jit`.
import {
  type Array as Values,
  type Device,
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  valueAndGrad,
} from '@jax-js/jax'
import * as Layer from '../../../protocol/layer.ts'
import * as Model from '../../../protocol/model.ts'
import * as Batches from '../../../workers/tensors/batches.ts'
import * as Work from './work.ts'

export async function start(backend: Device, task: Work.Task): Promise<Work.Work> {
  if (!(await init(backend)).includes(backend)) throw new Error('is not available')
  defaultDevice(backend)
  return task.kind === 'training' ? training(task.spec, task.samples) : await product(task.size)
}

function training(spec: Model.Spec, samples: number): Work.Work {
  const { inputs, classes } = Work.batch(spec, samples)
  const { learningRate, momentum } = Work.rates
  const lossOf = (weights: Values[], input: Values, labels: Values) =>
    np.sum(nn.logSoftmax(forward(spec, samples, weights, input)).mul(labels)).mul(-1 / samples)
  const compiled = jit((weights: Values[], velocity: Values[], input: Values, labels: Values) => {
    const [loss, gradients] = valueAndGrad(lossOf)(
      weights.map((each) => each.ref),
      input,
      labels,
    )
    const moved = velocity.map((each, i) =>
      each.mul(momentum).add((gradients[i] ?? never()).mul(learningRate)),
    )
    return [weights.map((each, i) => each.sub((moved[i] ?? never()).ref)), moved, loss] as const
  })

  let weights = upload(spec, Work.initial(spec))
  let velocity = upload(spec, new Float32Array(Model.parameterCount(spec)))
  return {
    operations: Work.operations(spec, samples),
    dispose: () => {
      for (const each of [...weights, ...velocity]) each.dispose()
    },
    run: async (times) => {
      let loss: Values | undefined
      for (let i = 0; i < times; i++) {
        const input = np.array(inputs).reshape([samples, Model.layerInputs(spec)])
        const labels = np.array(Batches.oneHot(classes, spec.classes)).reshape([samples, spec.classes])
        loss?.dispose()
        ;[weights, velocity, loss] = compiled(weights, velocity, input, labels)
      }
      await blockUntilReady([weights, velocity])
      const [found = NaN] = (await loss?.data()) ?? []
      return found
    },
  }
}

/** Kernel and bias of each layer; convolutions as jax-js has them, [outputs, channels, height, width]. */
function upload(spec: Model.Spec, flat: Float32Array<ArrayBuffer>): Values[] {
  return Model.weighted(spec).flatMap((layer) => {
    const kernel = np.array(flat.slice(layer.kernel, layer.bias))
    const bias = np.array(flat.slice(layer.bias, layer.bias + layer.outputs))
    if (layer.kind === 'dense') return [kernel.reshape([layer.inputs, layer.outputs]), bias]
    const shaped = kernel.reshape([layer.kernelHeight, layer.kernelWidth, layer.channels, layer.outputs])
    return [shaped.transpose([3, 2, 0, 1]), bias]
  })
}

/** Logits [samples, classes]; pictures are [samples, channels, height, width], as jax-js wants them. */
function forward(spec: Model.Spec, samples: number, weights: readonly Values[], inputs: Values): Values {
  let output = inputs
  let next = 0
  for (const layer of Model.layers(spec)) {
    if (layer.kind === 'pool')
      output = lax.reduceWindow(
        output,
        np.max,
        [layer.poolHeight, layer.poolWidth],
        [layer.poolHeight, layer.poolWidth],
      )
    else if (layer.kind !== 'mean') {
      const [kernel, bias] = [weights[next] ?? never(), weights[next + 1] ?? never()]
      next += 2
      const sum =
        layer.kind === 'dense'
          ? dense(layer, samples, output, kernel, bias)
          : convolved(layer, samples, output, kernel, bias)
      output = layer.activation === 'relu' ? nn.relu(sum) : sum
    }
  }
  return output
}

function dense(layer: Layer.Dense, samples: number, from: Values, kernel: Values, bias: Values): Values {
  // Kernels expect pictures flattened with channels innermost.
  const flat = from.ndim === 4 ? from.transpose([0, 2, 3, 1]) : from
  return np.matmul(flat.reshape([samples, layer.inputs]), kernel).add(bias)
}

function convolved(
  { channels, height, width, outputs }: Layer.Convolution,
  samples: number,
  from: Values,
  kernel: Values,
  bias: Values,
): Values {
  // Inputs come with channels innermost; what a layer before gave has them first already.
  const picture =
    from.ndim === 4 ? from : from.reshape([samples, height, width, channels]).transpose([0, 3, 1, 2])
  return lax.conv(picture, kernel, [1, 1], 'VALID').add(bias.reshape([outputs, 1, 1]))
}

async function product(size: number): Promise<Work.Work> {
  const left = np.array(Work.matrix(size, 1)).reshape([size, size])
  const right = np.array(Work.matrix(size, 2)).reshape([size, size])
  await blockUntilReady([left, right])
  const run = async (times: number) => {
    const products = Array.from({ length: times }, () => np.matmul(left.ref, right.ref))
    await blockUntilReady(products)
    const [last] = products.splice(-1)
    for (const each of products) each.dispose()
    const [found = NaN] = (await last?.slice([0, 1], [0, 1]).data()) ?? []
    return found
  }
  Work.assertProduct(await run(1), size)
  const dispose = () => {
    left.dispose()
    right.dispose()
  }
  return { run, dispose, operations: 2 * size ** 3 }
}

function never(): never {
  throw new RangeError('a layer without weights')
}
