// The engine of our own on the GPU.
import type { Engine } from '../engines.ts'
import * as Device from './device.ts'
import * as Steps from './steps.ts'

export function create(): Engine {
  let opened: Promise<Device.Held> | undefined
  const held = (): Promise<Device.Held> => {
    if (opened) return opened
    const opening = Device.open()
    opened = opening
    const forget = () => {
      if (opened === opening) opened = undefined
    }
    opening.then((found) => found.lost).catch(forget)
    return opening
  }
  return {
    device: Device.describe,
    start: async (settings) => await Steps.start(await held(), settings),
    lost: async () => (opened ? await (await opened).lost : await new Promise<never>(() => undefined)),
    forget: () => {
      const forgotten = opened
      opened = undefined
      forgotten?.then(
        ({ device }) => {
          device.destroy()
        },
        () => undefined,
      )
    },
  }
}
