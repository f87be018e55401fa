// The mean over all places of each channel, and how its derivatives are handed to the stage before.
import type * as Layer from '../../../protocol/layer.ts'
import * as Kernel from './kernel.ts'
import * as Stage from './stage.ts'

type Mean = Stage.Stage<Layer.Mean>

export function forward({ layer, input, output }: Mean, machine: Stage.Machine): Kernel.Kernel {
  const { positions, channels } = layer
  return Kernel.kernel({
    label: 'mean forward',
    bindings: [Kernel.read(input, 'values'), Kernel.write(output, 'means')],
    main: `
if (thread >= settings.samples * ${channels}u) { return; }
let first = thread / ${channels}u * ${positions * channels}u + thread % ${channels}u;
var sum = 0f;
for (var i = 0u; i < ${positions}u; i++) { sum += values[first + i * ${channels}u]; }
means[thread] = sum / ${positions}f;`,
    threads: (samples) => samples * channels,
    workgroup: machine.workgroup,
  })
}

export function inputDerivatives({ layer, delta }: Mean, before: Stage.Stage, machine: Stage.Machine) {
  const { positions, channels } = layer
  const { bindings, functions } = Stage.give(before)
  const { width } = before.outputs
  const size = positions * channels
  return Kernel.kernel({
    label: 'mean input derivatives',
    bindings: [Kernel.read(delta, 'deltas'), ...bindings],
    before: functions,
    main: `
if (thread >= settings.samples * ${size}u) { return; }
let channel = thread % ${channels}u;
let place = thread / ${channels}u % ${positions}u;
let sample = thread / ${size}u;
give(sample, place / ${width}u, place % ${width}u, channel, deltas[sample * ${channels}u + channel] / ${positions}f);`,
    threads: (samples) => samples * size,
    workgroup: machine.workgroup,
  })
}
