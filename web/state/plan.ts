// Reward plans in words: what a model provider chooses from, and what a data provider agrees to.
import type { Plan } from '../../protocol/terms.ts'

export type Words = {
  readonly title: string
  /** To a model provider who chooses. */
  readonly choice: string
  /** To a data provider who is asked. */
  readonly promise: string
}

const plans = {
  equal: {
    title: 'Equal',
    choice: 'Delivered rounds and samples decide. Simple, and nobody has to trust a score.',
    promise: 'Every delivered round counts the same; samples count up to a cap.',
  },
  proportional: {
    title: 'By measured contribution',
    choice:
      'Rounds count by how many more test samples the model got right by what a group of providers added: pays those whose data it learned from.',
    promise:
      'Beyond the least, rounds count by how many more test samples the model got right by what your group added; samples count up to a cap.',
  },
  rank: {
    title: 'By rank',
    choice:
      'Groups of providers that are summed together are ranked by contribution. With a single group it pays like equal.',
    promise:
      'Beyond the least, groups that are summed together are paid by rank of contribution. With a single group every delivered round counts the same.',
  },
} satisfies Record<Plan, Words>

export const all: readonly Plan[] = ['equal', 'proportional', 'rank']

export function words(plan: Plan): Words {
  return plans[plan]
}

/** Whether scores decide who gets how much. */
export function isScored(plan: Plan): boolean {
  return plan !== 'equal'
}
