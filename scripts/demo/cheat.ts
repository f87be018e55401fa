// A compute provider that lies about jobs: its page changes what its workers answer, before anything is signed or sent.

/** Run in the page before anything else. Comlink's requests carry an id and a path, its answers the same id. */
export function lie(): void {
  type Wire = {
    readonly id?: string
    readonly type?: string
    readonly path?: readonly string[]
    value?: unknown
  }
  const asked = new Map<string, string>()
  const { postMessage, addEventListener } = MessagePort.prototype

  function answer(data: Wire): void {
    const what = asked.get(data.id ?? '')
    if (what === 'warmStart')
      for (const bytes of data.value as Uint8Array[]) {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        for (let at = 0; at < view.byteLength; at += 4)
          view.setFloat32(at, 1.5 * view.getFloat32(at, true), true)
      }
    if (what === 'checkWarmStart') data.value = data.value !== true
    if (what === 'score') data.value = (data.value as number[]).map((count) => count + 1)
  }

  MessagePort.prototype.postMessage = function (
    this: MessagePort,
    ...parameters: Parameters<typeof postMessage>
  ) {
    const { id, type, path } = (parameters[0] ?? {}) as Wire
    if (type === 'APPLY' && id !== undefined) asked.set(id, path?.at(-1) ?? '')
    postMessage.apply(this, parameters)
  } as typeof postMessage
  MessagePort.prototype.addEventListener = function (
    this: MessagePort,
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ) {
    const heard = (event: Event): void => {
      if (event instanceof MessageEvent && typeof event.data === 'object' && event.data !== null)
        answer(event.data as Wire)
      if (typeof listener === 'function') listener.call(this, event)
      else listener.handleEvent(event)
    }
    addEventListener.call(this, type, type === 'message' ? heard : listener, options)
  }
}
