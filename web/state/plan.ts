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
      'Rounds count by how many more test samples the model got right: pays those who were there when it learned.',
    promise:
      'Beyond the least, rounds count by how many more test samples the model got right in them; samples count up to a cap.',
  },
  rank: {
    title: 'By rank',
    choice:
      'Groups of providers that train together are ranked by contribution. With one group a round, as now, it pays like equal.',
    promise:
      'Beyond the least, groups that train together are paid by rank of contribution. With one group a round, as now, every delivered round counts the same.',
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
