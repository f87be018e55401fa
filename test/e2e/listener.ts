// A stranger on the network that notes everything that reaches it: HTTP requests by name, connections, datagrams.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'

export type Listener = {
  readonly origin: string
  /** Of the UDP socket, where a browser would look for a STUN server. */
  readonly stunPort: number
  /** What arrived since the last call: first path segments of requests, `connection`, `datagram`. */
  take(): Set<string>
  stop(): Promise<void>
}

export async function listen(): Promise<Listener> {
  let heard = new Set<string>()
  const web = createServer((request, response) => {
    const name = request.url?.split('/')[1]?.split('?')[0] ?? ''
    if (name !== 'favicon.ico' && name !== 'control.html') heard.add(name)
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', '*')
    response.setHeader('content-type', types[name] ?? 'text/plain')
    response.end(bodies[name] ?? 'x')
  })
  web.on('upgrade', (request, socket) => {
    heard.add(request.url?.split('/')[1] ?? '')
    socket.destroy()
  })
  web.on('connection', () => heard.add('connection'))
  const datagrams = createSocket('udp4')
  datagrams.on('message', () => heard.add('datagram'))
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  await new Promise<void>((resolve) => datagrams.bind(0, '127.0.0.1', resolve))
  const address = web.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    origin: `http://127.0.0.1:${port}`,
    stunPort: datagrams.address().port,
    take: () => {
      const taken = heard
      heard = new Set()
      return taken
    },
    stop: async () => {
      datagrams.close()
      web.closeAllConnections()
      await new Promise((resolve) => web.close(resolve))
    },
  }
}

const types: Record<string, string> = {
  'control.html': 'text/html',
  'control.js': 'text/javascript',
  eventSource: 'text/event-stream',
  image: 'image/svg+xml',
  css: 'text/css',
  importScript: 'text/javascript',
  importModule: 'text/javascript',
  worker: 'text/javascript',
  nestedWorker: 'text/javascript',
  modulePreload: 'text/javascript',
  scriptTag: 'text/javascript',
}

const bodies: Record<string, string> = {
  'control.html': '<!doctype html><title>control</title>',
  'control.js': 'self.onmessage = () => undefined',
  importScript: 'self.imported = true',
  importModule: 'export {}',
  worker: '',
  nestedWorker: '',
  scriptTag: '',
}
