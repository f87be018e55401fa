// An error as screens show it. Every failure anywhere in the session ends as one of these.

export type Problem = {
  /** `Noun.KindError` */
  readonly name: string
  /** What happened. */
  readonly message: string
  /** What is safe. */
  readonly safe: string
  /** What to do. */
  readonly advice: string
  /** Unix seconds. */
  readonly at: number
}
