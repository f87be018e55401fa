// What can go wrong with a backend, apart from the module that needs a browser.
import { BaseError } from '../../protocol/errors.ts'
import type { Backend } from './api.ts'

export class UnavailableError extends BaseError {
  override readonly name = 'Backends.UnavailableError'
  constructor(backend: Backend, cause?: unknown) {
    super({
      message: `This browser cannot train with ${backend}.`,
      advice: 'Let the app choose, or use another browser or device.',
      cause,
    })
  }
}

export class DeviceLostError extends BaseError {
  override readonly name = 'Backends.DeviceLostError'
  constructor(detail: string) {
    super({
      message: `The GPU went away while training${detail === '' ? '' : ` (${detail})`}.`,
      advice: 'Training goes on without it.',
    })
  }
}
