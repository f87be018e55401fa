// What happened in a run, counted.

export type Tally = {
  fault(kind: string): void
  /** What an adversary did, or was there to do. */
  adversary(kind: string): void
  step(): void
  message(): void
  readonly counts: {
    steps: number
    messages: number
    readonly faults: Map<string, number>
    readonly adversaries: Map<string, number>
  }
}

export function start(): Tally {
  const faults = new Map<string, number>()
  const adversaries = new Map<string, number>()
  const counts = { steps: 0, messages: 0, faults, adversaries }
  return {
    adversary: (kind) => {
      adversaries.set(kind, (adversaries.get(kind) ?? 0) + 1)
    },
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
