// Who takes part in which task, and as what: in whose name effects are carried out.
import type { Address, Hex } from '../../protocol/codec.ts'
import type { TaskSpec } from '../../protocol/taskSpec.ts'
import type { Terms } from '../../protocol/terms.ts'
import type { Role } from './view/participation.ts'

export type Participant = {
  /** `<task>:<role>` */
  readonly id: string
  readonly task: Hex
  readonly role: Role
  /** In whose name. */
  readonly account: Address
  readonly spec: TaskSpec
  readonly terms: Terms
  readonly dataSet: string | undefined
}
