// The step itself: SGD with momentum on all weights at once, and the loss added up.
import * as Kernel from './kernel.ts'
import * as Softmax from './softmax.ts'

/** Where the parts of a layer's derivatives lie, each as long as its weights. */
export type Parts = {
  /** Of the layer's first weight. */
  readonly first: number
  /** Weights of the layer. */
  readonly length: number
  /** In `gradients`. */
  readonly at: number
  readonly parts: number
}

export function momentum(layers: readonly Parts[]): Kernel.Kernel {
  const count = layers.reduce((sum, { length }) => sum + length, 0)
  const found = layers.map(
    ({ first, length, at, parts }) =>
      `if (thread >= ${first}u) { at = thread - ${first}u + ${at}u; stride = ${length}u; parts = ${parts}u; }`,
  )
  return Kernel.kernel({
    label: 'momentum',
    bindings: [
      Kernel.read('gradients', 'gradients'),
      Kernel.read('losses', 'losses'),
      Kernel.write('velocity', 'velocity'),
      Kernel.write('weights', 'weights'),
      Kernel.write('loss', 'loss'),
    ],
    main: `
if (thread == 0u) {
  var sum = 0f;
  let count = (settings.samples + ${Softmax.workgroup - 1}u) / ${Softmax.workgroup}u;
  for (var i = 0u; i < count; i++) { sum += losses[i]; }
  loss[0] += sum;
}
if (thread >= ${count}u) { return; }
var at = 0u;
var stride = 0u;
var parts = 0u;
${found.join('\n')}
var gradient = 0f;
for (var i = 0u; i < parts; i++) { gradient += gradients[at + i * stride]; }
let moved = settings.momentum * velocity[thread] + settings.rate * gradient;
velocity[thread] = moved;
weights[thread] -= moved;`,
    threads: () => count,
    workgroup: 64,
  })
}
