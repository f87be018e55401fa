// The one way into the vault's origin: a port through which named closures can be called, and nothing else done.
import type { Endpoint } from 'comlink'

/**
 * Comlink lets the other side read, set and construct whatever it can reach by property names, `constructor` and
 * `__proto__` included. Behind this only calls of exactly these paths (`crypto.sign`) arrive; the rest is dropped.
 */
export function guarded(port: MessagePort, paths: ReadonlySet<string>): Endpoint {
  const passing = new WeakMap<EventListenerOrEventListenerObject, (event: MessageEvent<unknown>) => void>()
  return {
    postMessage: (message: unknown, transfer: Transferable[] = []) => port.postMessage(message, transfer),
    start: () => port.start(),
    addEventListener: (_type, listener) => {
      const pass = (event: MessageEvent<unknown>): void => {
        if (!allowed(event.data, paths)) return
        if (typeof listener === 'function') listener(event)
        else listener.handleEvent(event)
      }
      passing.set(listener, pass)
      port.addEventListener('message', pass)
    },
    removeEventListener: (_type, listener) => {
      const pass = passing.get(listener)
      if (pass !== undefined) port.removeEventListener('message', pass)
    },
  }
}

/** Whether this is a call of an allowed path. */
export function allowed(message: unknown, paths: ReadonlySet<string>): boolean {
  if (typeof message !== 'object' || message === null) return false
  if (!('type' in message) || message.type !== 'APPLY') return false
  if (!('path' in message) || !Array.isArray(message.path)) return false
  const path: unknown[] = message.path
  return path.every((step) => typeof step === 'string') && paths.has(path.join('.'))
}

/** Paths of all functions in a literal of literals. */
export function pathsOf(api: object): ReadonlySet<string> {
  const paths = Object.entries(api).flatMap(([name, member]: [string, unknown]) => {
    if (typeof member === 'function') return [name]
    return typeof member === 'object' && member !== null
      ? [...pathsOf(member)].map((rest) => `${name}.${rest}`)
      : []
  })
  return new Set(paths)
}
