// The root of every error a party can meet, so that a screen can say what happened, what is safe and what to do.

export type ErrorParts = {
  /** What happened, in one sentence a person understands. */
  readonly message: string
  /** What the person can do now. */
  readonly advice: string
  /** What is safe or lost; omitted when nothing was at risk. */
  readonly safe?: string
  readonly cause?: unknown
}

/** `name` is `Noun.KindError`, the noun being the module that throws it. */
export class BaseError extends Error {
  override readonly name: string = 'BaseError'
  readonly advice: string
  readonly safe: string

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause })
    this.advice = parts.advice
    this.safe = parts.safe ?? 'Nothing was lost.'
  }
}
