// Brings values back from the device through buffers that are kept for the next time.
import { DeviceLostError } from '../errors.ts'

export type Staging = {
  /** Copies, then runs `after`'s commands, then waits for both. */
  read(
    from: readonly GPUBuffer[],
    after?: (encoder: GPUCommandEncoder) => void,
  ): Promise<Float32Array<ArrayBuffer>>
  dispose(): void
}

/** For copies of so many bytes. */
export function staging(device: GPUDevice, bytes: number): Staging {
  const idle: GPUBuffer[] = []
  const all = new Set<GPUBuffer>()
  const make = () => {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    const made = device.createBuffer({ label: 'staging', size: bytes, usage })
    all.add(made)
    return made
  }
  return {
    async read(from, after) {
      const to = idle.pop() ?? make()
      const encoder = device.createCommandEncoder()
      let at = 0
      for (const buffer of from) {
        encoder.copyBufferToBuffer(buffer, 0, to, at, buffer.size)
        at += buffer.size
      }
      after?.(encoder)
      device.queue.submit([encoder.finish()])
      try {
        await to.mapAsync(GPUMapMode.READ)
      } catch (cause) {
        // Nothing else keeps a buffer of our own from being mapped.
        throw new DeviceLostError(cause instanceof Error ? cause.message : '')
      }
      const values = new Float32Array(to.getMappedRange().slice(0))
      to.unmap()
      idle.push(to)
      return values
    },
    dispose() {
      for (const buffer of all) buffer.destroy()
    },
  }
}
