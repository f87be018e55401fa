// Turns whatever was thrown, here or in a worker, into what a screen can show.
import { BaseError } from '../../protocol/errors.ts'
import type { Problem } from './view/problem.ts'

/** Errors of workers arrive as plain errors; those that carried advice keep it as properties. */
export function from(thrown: unknown, at: number = Math.floor(Date.now() / 1000)): Problem {
  if (thrown instanceof BaseError) {
    return { name: thrown.name, message: thrown.message, safe: thrown.safe, advice: thrown.advice, at }
  }
  if (thrown instanceof Error) {
    return {
      name: thrown.name,
      message: thrown.message,
      safe: property(thrown, 'safe') ?? 'Nothing was lost: what was done so far is stored on this device.',
      advice: property(thrown, 'advice') ?? 'It is tried again by itself. If it stays, reload the page.',
      at,
    }
  }
  return from(new UnknownError(thrown), at)
}

/** The same as an error, for actions that reject. */
export function toError(thrown: unknown): BaseError {
  if (thrown instanceof BaseError) return thrown
  const problem = from(thrown)
  return new ForeignError(problem, thrown)
}

function property(thrown: Error, key: 'safe' | 'advice'): string | undefined {
  const value: unknown = Reflect.get(thrown, key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** An error of a worker or a library. Keeps the name it was thrown with. */
export class ForeignError extends BaseError {
  override readonly name: string
  constructor(problem: Problem, cause: unknown) {
    super({ message: problem.message, advice: problem.advice, safe: problem.safe, cause })
    this.name = problem.name === 'Error' ? 'Problem.ForeignError' : problem.name
  }
}

export class UnknownError extends BaseError {
  override readonly name = 'Problem.UnknownError'
  constructor(cause: unknown) {
    super({
      message: `Something failed without saying why (${String(cause).slice(0, 200)}).`,
      advice: 'It is tried again by itself. If it stays, reload the page.',
      cause,
    })
  }
}
