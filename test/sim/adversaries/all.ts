// Everybody that a seed can put into a run.
import type { Adversary } from './adversary.ts'
import { aggregators } from './aggregators.ts'
import { dataProviders } from './dataProviders.ts'
import { members } from './members.ts'
import { modelProviders } from './modelProviders.ts'

export const all: readonly Adversary[] = [...aggregators, ...members, ...dataProviders, ...modelProviders]

export { members }
