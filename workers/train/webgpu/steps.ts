// A plan on a device: buffers, compiled kernels and bindings made once, the same commands replayed each step.
import { UnavailableError } from '../errors.ts'
import type { Settings, TrainStep } from '../trainStep.ts'
import type { Held } from './device.ts'
import * as Grid from './grid.ts'
import type * as Kernel from './kernel.ts'
import * as Plan from './plan.ts'
import * as Staging from './staging.ts'

export async function start(held: Held, settings: Settings): Promise<TrainStep> {
  const { device } = held
  const machine = { ...(held.isSoftware ? processor : gpu), samples: settings.batchSize }
  const plan = Plan.plan(settings.spec, machine)
  refuse(device.limits, plan, settings.batchSize)
  device.pushErrorScope('validation')
  device.pushErrorScope('out-of-memory')
  const made = make(device, plan)
  const problems = [device.popErrorScope(), device.popErrorScope()]
  try {
    for (const problem of await Promise.all(problems)) if (problem) throw new Error(problem.message)
    const compiled = await Promise.all(plan.kernels.map(({ label, code }) => held.pipeline(label, code)))
    return replay(device, plan, made, compiled, settings)
  } catch (cause) {
    for (const buffer of made.values()) buffer.destroy()
    throw new UnavailableError('webgpu', cause)
  }
}

/** What occupies a GPU of today, whose registers are few, and a processor that poses as one, whose loads are slow. */
const gpu = { threads: 8192, workgroup: 64, tile: 8 }
const processor = { threads: 64, workgroup: 16, tile: 16 }

type Buffers = ReadonlyMap<string, GPUBuffer>

function make(device: GPUDevice, plan: Plan.Plan): Buffers {
  const { STORAGE, UNIFORM, COPY_DST, COPY_SRC } = GPUBufferUsage
  const buffer = (label: string, size: number, usage: number) =>
    device.createBuffer({ label, size, usage: usage | COPY_DST | COPY_SRC })
  return new Map([
    ['settings', buffer('settings', 16, UNIFORM)],
    ...[...plan.buffers].map(([name, size]): [string, GPUBuffer] => [name, buffer(name, size, STORAGE)]),
  ])
}

function replay(
  device: GPUDevice,
  plan: Plan.Plan,
  buffers: Buffers,
  compiled: readonly GPUComputePipeline[],
  { learningRate, momentum, batchSize, initial }: Settings,
): TrainStep {
  const { queue } = device
  const most = device.limits.maxComputeWorkgroupsPerDimension
  const buffer = (name: string): GPUBuffer => {
    const found = buffers.get(name)
    if (!found) throw new RangeError(`no buffer ${name}`)
    return found
  }
  const commands = plan.kernels.flatMap((kernel, i) => {
    const pipeline = compiled[i]
    if (!pipeline) return []
    const entries = ['settings', ...kernel.buffers].map((name, binding) => ({
      binding,
      resource: { buffer: buffer(name) },
    }))
    return [
      {
        kernel,
        pipeline,
        bindings: device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }),
      },
    ]
  })
  const [weights, velocity, loss] = [buffer('weights'), buffer('velocity'), buffer('loss')]
  const [inputs, classes, uniform] = [buffer('values0'), buffer('classes'), buffer('settings')]
  queue.writeBuffer(weights, 0, initial.weights)
  queue.writeBuffer(velocity, 0, initial.velocity)
  const uploaded = { classes: new Uint32Array(batchSize), inputs: framer(plan.input, batchSize) }
  const losses = Staging.staging(device, loss.size)
  const states = Staging.staging(device, weights.size + velocity.size)
  let samples = 0

  return {
    step(batch) {
      if (batch.samples !== samples) {
        samples = batch.samples
        const values = new DataView(new ArrayBuffer(16))
        values.setUint32(0, samples, true)
        values.setFloat32(4, learningRate, true)
        values.setFloat32(8, momentum, true)
        queue.writeBuffer(uniform, 0, values)
      }
      uploaded.classes.set(batch.classes)
      queue.writeBuffer(classes, 0, uploaded.classes, 0, samples)
      queue.writeBuffer(inputs, 0, uploaded.inputs(batch.inputs, samples))
      const encoder = device.createCommandEncoder()
      const pass = encoder.beginComputePass()
      for (const { kernel, pipeline, bindings } of commands) {
        pass.setPipeline(pipeline)
        pass.setBindGroup(0, bindings)
        pass.dispatchWorkgroups(...folded(kernel.groups(samples), most))
      }
      pass.end()
      queue.submit([encoder.finish()])
    },
    async takeLoss() {
      const [taken] = await losses.read([loss], (encoder) => {
        encoder.clearBuffer(loss)
      })
      return taken ?? Number.NaN
    },
    async state() {
      const both = await states.read([weights, velocity])
      const half = both.length / 2
      return { weights: both.slice(0, half), velocity: both.slice(half) }
    },
    dispose() {
      for (const each of buffers.values()) each.destroy()
      losses.dispose()
      states.dispose()
    },
  }
}

/** Puts samples into frames of zeros where the first layer wants them. */
function framer(grid: Grid.Grid, most: number) {
  const { height, width, channels, top, left, rows, columns } = grid
  const size = Grid.size(grid)
  if (size === height * width * channels) return (inputs: Float32Array<ArrayBuffer>) => inputs
  const framed = new Float32Array(most * size)
  const run = width * channels
  return (inputs: Float32Array<ArrayBuffer>, samples: number) => {
    for (let sample = 0; sample < samples; sample++)
      for (let y = 0; y < height; y++) {
        const from = (sample * height + y) * run
        const to = ((sample * rows + y + top) * columns + left) * channels
        framed.set(inputs.subarray(from, from + run), to)
      }
    return framed.subarray(0, samples * size)
  }
}

/** Workgroups in two dimensions, at least as many. */
function folded(groups: number, most: number): [number, number] {
  const across = Math.min(groups, most)
  return [across, Math.ceil(groups / across)]
}

function refuse(limits: GPUSupportedLimits, plan: Plan.Plan, samples: number): void {
  const { maxStorageBufferBindingSize, maxBufferSize, maxComputeWorkgroupsPerDimension } = limits
  const most = Math.min(maxStorageBufferBindingSize, maxBufferSize)
  for (const [name, bytes] of plan.buffers)
    if (bytes > most)
      throw new UnavailableError('webgpu', new RangeError(`${name} takes ${bytes} of ${most} bytes`))
  const tooMany = (kernel: Kernel.Kernel) => kernel.groups(samples) > maxComputeWorkgroupsPerDimension ** 2
  const found = plan.kernels.find(tooMany)
  if (found) throw new UnavailableError('webgpu', new RangeError(`${found.label} takes too many workgroups`))
}
