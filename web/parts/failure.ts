// A failure as screens show it: what happened, what is safe, what to do.
import { BaseError } from '../../protocol/errors.ts'

export type Failure = { readonly message: string; readonly safe: string; readonly advice: string }

export function from(thrown: unknown): Failure {
  if (thrown instanceof BaseError) return thrown
  return {
    message: thrown instanceof Error ? thrown.message : String(thrown),
    safe: 'What was done before is stored on this device.',
    advice: 'Try again. If it stays, reload the page.',
  }
}
