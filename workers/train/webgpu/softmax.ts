// Cross-entropy after softmax: the loss of a batch, and its derivatives by the logits.
import * as Kernel from './kernel.ts'
import type * as Stage from './stage.ts'

/** Samples of a workgroup. */
export const workgroup = 64

/** Of each workgroup's samples a sum lies in `losses`. */
export function parts(samples: number): number {
  return Math.ceil(samples / workgroup)
}

export function softmax({ output, delta }: Stage.Stage, classes: number): Kernel.Kernel {
  return Kernel.kernel({
    label: 'softmax',
    bindings: [
      Kernel.read(output, 'logits'),
      Kernel.read('classes', 'classes', 'u32'),
      Kernel.write(delta, 'deltas'),
      Kernel.write('losses', 'losses'),
    ],
    before: `var<workgroup> sums: array<f32, ${workgroup}>;`,
    main: `
var loss = 0f;
if (thread < settings.samples) {
  let at = thread * ${classes}u;
  var most = logits[at];
  for (var i = 1u; i < ${classes}u; i++) { most = max(most, logits[at + i]); }
  var all = 0f;
  for (var i = 0u; i < ${classes}u; i++) { all += exp(logits[at + i] - most); }
  let right = classes[thread];
  for (var i = 0u; i < ${classes}u; i++) {
    let share = exp(logits[at + i] - most) / all;
    deltas[at + i] = (share - select(0f, 1f, i == right)) / f32(settings.samples);
  }
  loss = log(all) + most - logits[at + right];
}
sums[local] = loss;
workgroupBarrier();
if (local == 0u) {
  var sum = 0f;
  for (var i = 0u; i < ${workgroup}u; i++) { sum += sums[i]; }
  losses[number] = sum;
}`,
    threads: (samples) => samples,
    workgroup,
  })
}
