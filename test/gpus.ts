// The GPU devices that a test's code asks for, so that the test can take one away.
import { vi } from 'vitest'

/** The devices that will be made from now on. */
export function seen(): readonly GPUDevice[] {
  const devices: GPUDevice[] = []
  const request = GPUAdapter.prototype.requestDevice
  vi.spyOn(GPUAdapter.prototype, 'requestDevice').mockImplementation(async function (
    this: GPUAdapter,
    descriptor,
  ) {
    const device = await request.call(this, descriptor)
    devices.push(device)
    return device
  })
  return devices
}
