// Errors that cross a port keep the advice and the assurance that a screen shows. Import once in every worker.
import * as Comlink from 'comlink'

type Thrown = { readonly value: unknown }
type Carried = { readonly isError: boolean; readonly value: unknown }

const usual = Comlink.transferHandlers.get('throw')

/** Comlink carries name, message and stack; its reader restores whatever properties arrive. */
export function carryAdvice(): void {
  if (usual === undefined) return
  Comlink.transferHandlers.set('throw', {
    canHandle: usual.canHandle,
    deserialize: usual.deserialize,
    serialize: (thrown: Thrown): [Carried, Transferable[]] => [describe(thrown.value), []],
  })
}

function describe(value: unknown): Carried {
  if (!(value instanceof Error)) return { isError: false, value: String(value) }
  const advice = 'advice' in value ? String(value.advice) : 'Try again.'
  const safe = 'safe' in value ? String(value.safe) : 'Nothing was lost.'
  return {
    isError: true,
    value: { name: value.name, message: value.message, stack: value.stack, advice, safe },
  }
}
