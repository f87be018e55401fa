// Erases secrets of a task that can be needed no more. What was made keeps its place, so that it is not made again.
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import * as Ledger from './ledger.ts'
import * as Records from './records.ts'
import type { Safe } from './safe.ts'

export type Forgotten = { readonly task: Hex; readonly epoch?: number; readonly round?: number }

/** A round's secrets, an epoch's sealing key with the shares it opened, or both of all of the task. Safe to repeat. */
export async function forget({ task, epoch, round }: Forgotten, safe: Safe): Promise<void> {
  const all = epoch === undefined && round === undefined
  if (round !== undefined || all) await forgetRounds(task, round, safe)
  if (epoch !== undefined || all) await forgetEpochs(task, epoch, safe)
  if (all) {
    await safe.remove(await idsOf(Records.materials, task, undefined, safe))
    await safe.remove(await idsOf(Records.subjects, task, undefined, safe))
  }
}

async function forgetRounds(task: Hex, round: number | undefined, safe: Safe): Promise<void> {
  for (const id of await idsOf(Records.maskings, task, round, safe)) {
    const stored = await safe.get(id)
    if (stored === undefined) continue
    const masked = Records.maskings.decode(stored)
    const masks = Masks.toWire(masked.masks)
    await safe.replace({ id, bytes: Records.maskings.encode({ ...masked, masks, secrets: null }) })
  }
  for (const id of await idsOf(Records.rounds, task, round, safe)) {
    const stored = await safe.get(id)
    if (stored === undefined) continue
    const announced = { ...Records.rounds.decode(stored), secretKey: new Uint8Array() }
    await safe.replace({ id, bytes: Records.rounds.encode(announced) })
  }
  await safe.remove(await idsOf(Records.updates, task, round, safe))
  await Ledger.release(task, round, safe)
}

/** Shares that were given out are remembered while the key that opens the others is there. */
async function forgetEpochs(task: Hex, epoch: number | undefined, safe: Safe): Promise<void> {
  const known = await idsOf(Records.sealings, task, epoch, safe)
  const named = epoch === undefined ? known : [Records.sealings.id(task, epoch)]
  for (const id of named) await safe.replace({ id, bytes: Records.sealings.encode({ secret: null }) })
  for (const id of await safe.ids(`${Records.releases.id(task)}/`)) {
    const stored = await safe.get(id)
    if (stored === undefined) continue
    if (epoch !== undefined && Records.releases.decode(stored).epoch !== epoch) continue
    const round = id.slice(Records.releases.id(task).length)
    await safe.remove(await safe.ids(`${Records.shares.id(task)}${round}/`))
  }
}

/** The task's records of this kind, or the one of `of`, where there is one. */
async function idsOf(
  kind: { readonly id: (task: Hex, ...of: readonly number[]) => string },
  task: Hex,
  of: number | undefined,
  safe: Safe,
): Promise<readonly string[]> {
  const ids = await safe.ids(`${kind.id(task)}/`)
  return of === undefined ? ids : ids.filter((id) => id === kind.id(task, of))
}
