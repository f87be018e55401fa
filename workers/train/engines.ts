// The engines that this browser may have. What an engine is, apart from the modules that need a browser.
import type { Backend } from './api.ts'
import type { Settings, TrainStep } from './trainStep.ts'

export type Device = {
  /** What the browser says of it, or `processor`. */
  readonly description: string
  /** A processor that poses as a GPU. */
  readonly software: boolean
}

export type Engine = {
  /** Rejects with `UnavailableError` where this browser lacks what it needs. */
  device(): Promise<Device>
  /** Compiles and uploads what the steps need. Rejects with `UnavailableError`. */
  start(settings: Settings): Promise<TrainStep>
  /** Rejects with `DeviceLostError` when what it runs on goes away; never settles where that cannot happen. */
  lost(): Promise<never>
  /** Lets go of what it runs on, so that the next use starts afresh. */
  forget(): void
}

export type Engines = { readonly [backend in Backend]: Engine }
