// How any worker tells how far it is with what it was asked for. Types only.

/** Called a few times a second at most; `done` and `total` share a unit that `label` names. */
export type Progress = (step: {
  readonly label: string
  readonly done: number
  readonly total: number
}) => void
