// What the owner allowed roles to do unasked, and which backend trains; remembered over reloads.
import * as v from 'valibot'
import type * as Event from '../../protocol/roles/event.ts'
import type { Frame } from '../../workers/frame/api.ts'
import type { Backend, ProbeResult } from '../../workers/train/api.ts'
import type { Watch } from './connection.ts'
import type { Database } from './database.ts'
import type { Role } from './view/participation.ts'
import type { StandingRules } from './view/rules.ts'

export type Rules = {
  view(): StandingRules
  /** What a role of this kind may do. */
  of(role: Role): Event.Rules
  set(rules: Partial<StandingRules>): Promise<void>
  probe(forced?: Backend): Promise<ProbeResult>
}

const schema = v.object({
  autoConsent: v.boolean(),
  autoAccept: v.boolean(),
  autoClaim: v.boolean(),
  backend: v.optional(v.picklist(['webgpu', 'wasm', 'cpu'])),
})
const setting = 'rules'

/** `isHeld` says whether a limit keeps this device from taking seats. */
export async function load(
  database: Database,
  frame: Frame,
  watch: Watch,
  isHeld: () => boolean,
): Promise<Rules> {
  const stored = v.safeParse(schema, (await database.settings.get(setting))?.value)
  let view: StandingRules = { autoConsent: false, autoAccept: false, autoClaim: false, backend: undefined }
  if (stored.success) view = { ...view, ...stored.output, backend: stored.output.backend }
  if (view.backend !== undefined) void probe(view.backend).catch(() => undefined)

  async function probe(forced?: Backend): Promise<ProbeResult> {
    const result = await frame.train.probe(forced)
    watch.probed(result)
    return result
  }

  return {
    view: () => view,
    of: (role) => ({
      consent: role === 'data' ? view.autoConsent : role === 'compute' ? view.autoAccept && !isHeld() : false,
      claim: view.autoClaim,
    }),
    async set(rules) {
      const backend = 'backend' in rules ? rules.backend : view.backend
      const changed = backend !== view.backend
      view = { ...view, ...rules, backend }
      await database.settings.put({ id: setting, value: view })
      if (changed) await probe(backend)
    },
    probe: (forced) => probe(forced ?? view.backend),
  }
}
