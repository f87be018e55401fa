// Everybody that a seed can put into a run.
import type { Adversary } from './adversary.ts'
import { aggregators } from './aggregators.ts'
import { dataProviders } from './dataProviders.ts'
import { executors } from './executors.ts'
import { liars } from './liars.ts'
import { members } from './members.ts'
import { modelProviders } from './modelProviders.ts'
import { spoilers } from './spoilers.ts'

export const all: readonly Adversary[] = [
  ...aggregators,
  ...members,
  ...executors,
  ...dataProviders,
  ...spoilers,
  ...modelProviders,
  ...liars,
]

export { members }
