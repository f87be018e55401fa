// Room on the device: how much there is, what happens when there is none, and who may write now.
import { BaseError } from '../../protocol/errors.ts'

export async function measure(): Promise<{ usedBytes: number; quotaBytes: number; persisted: boolean }> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate()
  return { usedBytes: usage, quotaBytes: quota, persisted: await navigator.storage.persisted() }
}

/** Whether an error, or what caused it, says that the quota is used up; stores wrap it as text. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return /quota/i.test(String(error))
  return /quota/i.test(`${error.name} ${error.message}`) || (error.cause !== undefined && isFull(error.cause))
}

/**
 * One writer at a time over all tabs of this origin, because blocks are written before they are referred to and a
 * sweep deletes what nothing refers to. Without `wait`, the work is left out while somebody writes.
 */
export async function exclusively<value>(
  name: string,
  work: () => Promise<value>,
  { wait }: { readonly wait: true },
): Promise<value>
export async function exclusively(
  name: string,
  work: () => Promise<void>,
  { wait }: { readonly wait: false },
): Promise<void>
export async function exclusively<value>(
  name: string,
  work: () => Promise<value>,
  { wait }: { readonly wait: boolean },
): Promise<value | undefined> {
  const options: LockOptions = wait ? {} : { ifAvailable: true }
  return await navigator.locks.request(`${name}-writing`, options, (lock) => (lock ? work() : undefined))
}

export class FullError extends BaseError {
  override readonly name = 'Vault.FullError'
  constructor(cause: unknown) {
    super({
      message: 'There is no room left for this data set on this device.',
      advice: 'Free some space or remove another data set, then import again.',
      safe: 'The incomplete import was removed; every data set from before is still there.',
      cause,
    })
  }
}
