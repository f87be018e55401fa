// Remembers, on this device, for which account and task a backup was downloaded.
import { SvelteSet } from 'svelte/reactivity'

const key = 'galaxy.backups'

export class Backups {
  readonly #done = new SvelteSet<string>(read())

  /** `what` is an account or a task. */
  has(what: string): boolean {
    return this.#done.has(what)
  }

  add(what: string): void {
    this.#done.add(what)
    try {
      localStorage.setItem(key, JSON.stringify([...this.#done]))
    } catch {
      // A browser that refuses storage asks for the backup again after a reload.
    }
  }
}

function read(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(stored) ? stored.filter((each) => typeof each === 'string') : []
  } catch {
    return []
  }
}
