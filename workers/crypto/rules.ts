// Which rules of updates a task spec sets, refused where this version cannot follow them.
import * as He from '../../protocol/he.ts'
import type { TaskSpec } from '../../protocol/taskSpec.ts'
import type { Rules } from '../../protocol/update.ts'

export function of({ he, clip, range, sampleCap }: TaskSpec): Rules {
  He.assertSupported(he)
  return { he, clip, range, sampleCap }
}
