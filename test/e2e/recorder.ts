// Notes every byte that the app's page gives to a worker or a port, before libp2p sees it. Runs inside the page.
import type { BrowserContext, Page } from 'playwright'

type Recorder = {
  /** All that was posted since the last call, one after another, as a data URL. */
  take(): Promise<string>
  /** All that the app's origin keeps in IndexedDB, as a data URL. */
  stored(): Promise<string>
  /** The network worker, for planting a leak. */
  network: Worker | undefined
}

/** Put there by `install`; only code that runs in the page sees it. */
declare const recorder: Recorder

/** To be called before the context's first page is opened. */
export async function record(context: BrowserContext, appOrigin: string): Promise<void> {
  await context.addInitScript(install, appOrigin)
}

export async function take(page: Page): Promise<Buffer> {
  return fromUrl(await page.evaluate(() => recorder.take()))
}

export async function stored(page: Page): Promise<Buffer> {
  return fromUrl(await page.evaluate(() => recorder.stored()))
}

/** Gives these bytes to the network worker as the app's own door would: as a block of a task. */
export async function leak(page: Page, bytes: Uint8Array): Promise<void> {
  await page.evaluate((text) => {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
    const task = `0x${'0'.repeat(64)}`
    recorder.network?.postMessage({
      ...{ id: `leak ${Math.random()}`, type: 'APPLY', path: ['put'] },
      argumentList: [
        { type: 'RAW', value: task },
        { type: 'RAW', value: [{ codec: 'raw', bytes }] },
      ],
    })
  }, Buffer.from(bytes).toString('base64'))
}

/** The same, hidden in an object: a string, a list of numbers, a file. */
export async function leakAs(page: Page, bytes: Uint8Array, how: 'text' | 'numbers' | 'file'): Promise<void> {
  await page.evaluate(
    ([text = '', how]) => {
      const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
      const hidden = how === 'text' ? text : how === 'numbers' ? [...bytes] : new File([bytes], 'row')
      recorder.network?.postMessage({ deep: { inside: new Map([['row', hidden]]) } })
    },
    [Buffer.from(bytes).toString('base64'), how],
  )
}

function fromUrl(url: string): Buffer {
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
}

function install(appOrigin: string): void {
  if (location.origin !== appOrigin) return
  let parts: Uint8Array<ArrayBuffer>[] = []
  let reading: Promise<unknown>[] = []
  const partners = new WeakMap<MessagePort, MessagePort>()
  /** Ports whose other end was given to a worker of this origin; files may pass to the vault's alone. */
  const near = new WeakSet<MessagePort>()

  function note(value: unknown, files: boolean, known = new Set<unknown>()): void {
    if (typeof value === 'string') parts.push(new TextEncoder().encode(value))
    if (typeof value !== 'object' || value === null || known.has(value)) return
    known.add(value)
    // A view takes its whole buffer along.
    if (ArrayBuffer.isView(value)) note(value.buffer, files, known)
    else if (value instanceof ArrayBuffer) parts.push(new Uint8Array(value.slice(0)))
    else if (value instanceof Blob) {
      if (!files) return
      const read = value.arrayBuffer().then((buffer) => parts.push(new Uint8Array(buffer)))
      reading.push(read)
    } else if (value instanceof Map || value instanceof Set) {
      for (const each of value) note(each, files, known)
    } else if (Array.isArray(value) && value.every((each) => typeof each === 'number')) {
      parts.push(Uint8Array.from(value), new Uint8Array(Float32Array.from(value).buffer))
    } else {
      for (const [name, member] of Object.entries(value)) {
        parts.push(new TextEncoder().encode(name))
        note(member, files, known)
      }
    }
  }

  function watch(
    sender: { postMessage: (...list: never[]) => void },
    isNear: (port: unknown) => boolean,
  ): void {
    const post = sender.postMessage
    sender.postMessage = function (this: unknown, ...list: unknown[]): void {
      const [message, options] = list
      const near = isNear(this)
      note(message, near)
      if (near) for (const port of portsIn(options)) markNear(port)
      Reflect.apply(post, this, list)
    }
  }

  function portsIn(options: unknown): readonly MessagePort[] {
    const list: unknown =
      typeof options === 'object' && options !== null && 'transfer' in options ? options.transfer : options
    return Array.isArray(list) ? list.filter((each): each is MessagePort => each instanceof MessagePort) : []
  }

  function markNear(port: MessagePort): void {
    const partner = partners.get(port)
    if (partner !== undefined) near.add(partner)
  }

  async function collected(): Promise<string> {
    while (reading.length > 0) await Promise.all(reading.splice(0))
    const all = new Blob(parts)
    parts = []
    reading = []
    return new Promise((resolve) => {
      const reader = new FileReader()
      reader.onload = () => resolve(typeof reader.result === 'string' ? reader.result : '')
      reader.readAsDataURL(all)
    })
  }

  watch(Worker.prototype, () => true)
  watch(BroadcastChannel.prototype, () => true)
  watch(MessagePort.prototype, (port) => port instanceof MessagePort && near.has(port))

  const found: Recorder = {
    network: undefined,
    take: collected,
    async stored() {
      const before = parts
      parts = []
      for (const { name } of await indexedDB.databases()) {
        const database = await new Promise<IDBDatabase>((resolve, reject) => {
          const opening = indexedDB.open(name ?? '')
          opening.onsuccess = () => resolve(opening.result)
          opening.onerror = () => reject(new Error(`${name} cannot be opened`))
        })
        for (const store of database.objectStoreNames) {
          const values = await new Promise<unknown[]>((resolve, reject) => {
            const asking = database.transaction(store).objectStore(store).getAll()
            asking.onsuccess = () => resolve(asking.result)
            asking.onerror = () => reject(new Error(`${store} cannot be read`))
          })
          for (const value of values) note(value, true)
        }
        database.close()
      }
      const all = await collected()
      parts = before
      return all
    },
  }
  Object.assign(globalThis, { recorder: found })
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options)
      if (options?.name === 'network') found.network = this
    }
  }
  globalThis.MessageChannel = class extends MessageChannel {
    constructor() {
      super()
      partners.set(this.port1, this.port2)
      partners.set(this.port2, this.port1)
    }
  }
}
