// The document of the vault's origin: lets the app that framed it in by one port, and shows it nothing but closures.
import * as Comlink from 'comlink'
import * as Thrown from '../thrown.ts'
import * as Door from './door.ts'
import * as Workers from './workers.ts'

Thrown.carryAdvice()

const origins = document.querySelector<HTMLMetaElement>('meta[name=app-origins]')?.content.split(',') ?? []
const frame = Workers.start()
const paths = Door.pathsOf(frame)

window.addEventListener('message', ({ data, origin, ports, source }: MessageEvent<unknown>) => {
  if (source !== window.parent || window.parent === window || !origins.includes(origin)) return
  const [port] = ports
  if (typeof data !== 'object' || data === null || !('galaxy' in data) || data.galaxy !== 'vault' || !port)
    return
  Comlink.expose(frame, Door.guarded(port, paths))
})
