// The numbers of a new task: what each is called, its unit and bounds, and where it lies in the draft.
import type { TaskDraft } from '../session/view/draft.ts'

/** How a number is written and read; the text is in the unit that the field shows. */
export type NumberField = {
  readonly name: string
  readonly label: string
  readonly unit: string
  readonly hint: string
  readonly advanced: boolean
  readonly kind: 'integer' | 'decimal' | 'tokens'
  readonly least: number
  readonly most: number
  readonly read: (draft: TaskDraft) => number | bigint
  readonly write: (draft: TaskDraft, value: number, amount: bigint) => TaskDraft
}

type Shape = Partial<Pick<NumberField, 'unit' | 'hint' | 'advanced' | 'kind' | 'least' | 'most'>>

function field(
  name: string,
  label: string,
  shape: Shape,
  read: NumberField['read'],
  write: NumberField['write'],
): NumberField {
  const rest = { unit: '', hint: '', advanced: false, kind: 'integer', least: 1, most: 255 } as const
  return { ...rest, ...shape, name, label, read, write }
}

const advanced = { advanced: true }
const money = { kind: 'tokens', least: 0, most: Number.MAX_SAFE_INTEGER } as const
const percentage = { kind: 'decimal', unit: '%', least: 0, most: 100 } as const

export const fields: readonly NumberField[] = [
  field(
    'rounds',
    'Rounds',
    { unit: 'rounds' },
    (d) => d.rounds,
    (d, rounds) => ({ ...d, rounds }),
  ),
  field(
    'targetAccuracy',
    'Target accuracy',
    { ...percentage, hint: 'Training stops early when a round reaches it. 0 never does.' },
    (d) => d.targetAccuracy / 100,
    (d, v) => ({ ...d, targetAccuracy: Math.round(v * 100) }),
  ),
  field(
    'dataPool',
    'Budget for data providers',
    { ...money, hint: 'Shared by the reward plan below. What is not earned comes back to you.' },
    (d) => d.dataPool,
    (d, _, dataPool) => ({ ...d, dataPool }),
  ),
  field(
    'computePool',
    'Budget for compute providers',
    { ...money, hint: 'Paid by work done at their prices. The rest comes back to you.' },
    (d) => d.computePool,
    (d, _, computePool) => ({ ...d, computePool }),
  ),
  field(
    'bond',
    'Your bond',
    {
      ...money,
      hint: 'Comes back when you settle. Lost to the data providers if you vanish or open a round twice.',
    },
    (d) => d.bond,
    (d, _, bond) => ({ ...d, bond }),
  ),
  field(
    'minDatas',
    'Fewest data providers',
    {},
    (d) => d.minDatas,
    (d, minDatas) => ({ ...d, minDatas }),
  ),
  field(
    'maxDatas',
    'Most data providers',
    {},
    (d) => d.maxDatas,
    (d, maxDatas) => ({ ...d, maxDatas }),
  ),
  field(
    'minComputes',
    'Fewest compute providers',
    { most: 16, hint: '4 or more protect the data providers best.' },
    (d) => d.minComputes,
    (d, minComputes) => ({ ...d, minComputes }),
  ),
  field(
    'maxComputes',
    'Most compute providers',
    { most: 16 },
    (d) => d.maxComputes,
    (d, maxComputes) => ({ ...d, maxComputes }),
  ),
  field(
    'epochs',
    'Passes over the data per round',
    { ...advanced, most: 100 },
    (d) => d.training.epochs,
    (d, epochs) => ({ ...d, training: { ...d.training, epochs } }),
  ),
  field(
    'batchSize',
    'Batch size',
    { ...advanced, unit: 'samples', most: 4096 },
    (d) => d.training.batchSize,
    (d, batchSize) => ({ ...d, training: { ...d.training, batchSize } }),
  ),
  field(
    'learningRate',
    'Learning rate',
    { ...advanced, kind: 'decimal', least: 0.000001, most: 100 },
    (d) => d.training.learningRate,
    (d, learningRate) => ({ ...d, training: { ...d.training, learningRate } }),
  ),
  field(
    'momentum',
    'Momentum',
    { ...advanced, kind: 'decimal', least: 0, most: 0.999 },
    (d) => d.training.momentum,
    (d, momentum) => ({ ...d, training: { ...d.training, momentum } }),
  ),
  field(
    'clip',
    'Largest update (L2 norm)',
    { ...advanced, kind: 'decimal', least: 0.001, most: 10_000, hint: 'Longer updates are shortened to it.' },
    (d) => d.clip,
    (d, clip) => ({ ...d, clip }),
  ),
  field(
    'sampleCap',
    'Most samples that count per provider',
    { ...advanced, unit: 'samples', most: 10_000_000 },
    (d) => d.sampleCap,
    (d, sampleCap) => ({ ...d, sampleCap }),
  ),
  field(
    'minQuality',
    'Lowest data quality',
    { ...advanced, ...percentage },
    (d) => d.minQuality / 100,
    (d, v) => ({ ...d, minQuality: Math.round(v * 100) }),
  ),
  field(
    'minCohort',
    'Fewest updates in an opened sum',
    { ...advanced },
    (d) => d.minCohort,
    (d, minCohort) => ({ ...d, minCohort }),
  ),
  field(
    'maxCohorts',
    'Groups that are summed apart',
    {
      ...advanced,
      most: 32,
      hint: 'More than one tells contributions apart. Each needs twice the fewest updates; with fewer providers there are fewer groups.',
    },
    (d) => d.maxCohorts,
    (d, maxCohorts) => ({ ...d, maxCohorts }),
  ),
  field(
    'computeBond',
    'Bond of each compute provider',
    { ...advanced, ...money },
    (d) => d.computeBond,
    (d, _, computeBond) => ({ ...d, computeBond }),
  ),
  field(
    'startWithin',
    'Time to find providers',
    { ...advanced, unit: 'minutes', kind: 'decimal', least: 1, most: 43_200 },
    (d) => d.startWithin / 60,
    (d, v) => ({ ...d, startWithin: Math.round(v * 60) }),
  ),
  field(
    'ready',
    'Wait for providers to be ready',
    { ...advanced, unit: 'seconds', most: 86_400 },
    (d) => d.timeouts.ready,
    (d, ready) => ({ ...d, timeouts: { ...d.timeouts, ready } }),
  ),
  field(
    'update',
    'Wait for updates',
    { ...advanced, unit: 'seconds', most: 86_400 },
    (d) => d.timeouts.update,
    (d, update) => ({ ...d, timeouts: { ...d.timeouts, update } }),
  ),
  field(
    'commit',
    'Wait for the signed sum',
    { ...advanced, unit: 'seconds', most: 86_400 },
    (d) => d.timeouts.commit,
    (d, commit) => ({ ...d, timeouts: { ...d.timeouts, commit } }),
  ),
  field(
    'idleWindow',
    'Longest silence before anyone may settle',
    { ...advanced, unit: 'seconds', most: 31_536_000 },
    (d) => d.idleWindow,
    (d, idleWindow) => ({ ...d, idleWindow }),
  ),
  field(
    'challengeWindow',
    'Wait between settling and claims',
    { ...advanced, unit: 'seconds', least: 0, most: 31_536_000 },
    (d) => d.challengeWindow,
    (d, challengeWindow) => ({ ...d, challengeWindow }),
  ),
]
