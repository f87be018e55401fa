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
  /** Most threads that it can train with here, the caller's among them; one where nothing is said. */
  readonly threads?: number
  /** Rejects with `UnavailableError` where this browser lacks what it needs. */
  device(): Promise<Device>
  /**
   * Compiles and uploads what the steps need. Rejects with `UnavailableError`. A step throws `Crew.FailedError` where one
   * of several threads fails.
   */
  start(settings: Settings): Promise<TrainStep>
  /** Rejects with `DeviceLostError` when what it runs on goes away; never settles where that cannot happen. */
  lost(): Promise<never>
  /** Lets go of what it runs on, so that the next use starts afresh. */
  forget(): void
}

export type Engines = { readonly [backend in Backend]: Engine }

/** The engine, with so many threads. */
export function on(engine: Engine, threads: number): Engine {
  return { ...engine, start: (settings) => engine.start({ ...settings, threads }) }
}
