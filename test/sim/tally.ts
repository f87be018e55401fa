// What happened in a run, counted.

export type Tally = {
  fault(kind: string): void
  step(): void
  message(): void
  readonly counts: { steps: number; messages: number; readonly faults: Map<string, number> }
}

export function start(): Tally {
  const faults = new Map<string, number>()
  const counts = { steps: 0, messages: 0, faults }
  return {
    fault: (kind) => {
      faults.set(kind, (faults.get(kind) ?? 0) + 1)
    },
    step: () => {
      counts.steps += 1
    },
    message: () => {
      counts.messages += 1
    },
    counts,
  }
}
