// The GPU that the browser gives us, and what was compiled for it.
import type { Device } from '../engines.ts'
import { DeviceLostError, UnavailableError } from '../errors.ts'

export type Held = {
  readonly device: GPUDevice
  readonly isSoftware: boolean
  /** Rejects with `DeviceLostError`. */
  readonly lost: Promise<never>
  /** Of the code, compiled at its first use. */
  pipeline(label: string, code: string): Promise<GPUComputePipeline>
}

/** Kernels that are kept compiled: those of a few models. */
const kept = 128

export async function describe(): Promise<Device> {
  return described((await adapter()).info)
}

export async function open(): Promise<Held> {
  const found = await adapter()
  const { maxStorageBufferBindingSize, maxBufferSize } = found.limits
  const device = await found
    .requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize } })
    .catch((cause: unknown) => {
      throw new UnavailableError('webgpu', cause)
    })
  const failed = Promise.withResolvers<never>()
  // What goes wrong where nothing asks for it would leave wrong numbers behind.
  device.onuncapturederror = ({ error }) => {
    failed.reject(new DeviceLostError(error.message))
  }
  const gone = device.lost.then(({ message }) => {
    throw new DeviceLostError(message)
  })
  const lost = Promise.race([gone, failed.promise])
  lost.catch(() => undefined)
  const pipelines = new Map<string, Promise<GPUComputePipeline>>()
  return {
    device,
    isSoftware: described(found.info).software,
    lost,
    pipeline: (label, code) => {
      const known = pipelines.get(code)
      if (known) return known
      const module = device.createShaderModule({ label, code })
      const compiled = device.createComputePipelineAsync({ label, layout: 'auto', compute: { module } })
      const [oldest] = pipelines.keys()
      if (oldest !== undefined && pipelines.size >= kept) pipelines.delete(oldest)
      pipelines.set(code, compiled)
      return compiled
    },
  }
}

async function adapter(): Promise<GPUAdapter> {
  const here: { readonly gpu?: GPU } = navigator
  const found = await here.gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (!found) throw new UnavailableError('webgpu')
  return found
}

/** What the browser says of it. */
function described({ vendor, architecture, device, description, isFallbackAdapter }: GPUAdapterInfo): Device {
  const words = [vendor, architecture, device, description].filter((word) => word !== '')
  const text = words.join(' ')
  const software = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|microsoft basic|software/i.test(text)
  return { description: text === '' ? 'unnamed GPU' : text, software }
}
