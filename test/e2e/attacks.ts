// Every way we know in which a page or a worker could tell a stranger something. Each runs inside the browser, by itself.

export type Attack = {
  /** Also the path under which the listener would hear of it, unless `heardAs` says otherwise. */
  readonly name: string
  readonly heardAs?: 'connection' | 'datagram'
  /** True where a page without any policy is not let through either, so the control says nothing. */
  readonly uncontrolled?: boolean
  /** True where success would replace the page that tries, so it gets one of its own. */
  readonly leaves?: boolean
  /** As text where tools would rewrite the code. */
  readonly run: ((target: Target) => unknown) | string
}

export type Target = { readonly url: string; readonly origin: string; readonly stunPort: number }

/** Work in documents and in workers. */
const everywhere: readonly Attack[] = [
  { name: 'fetch', run: ({ url }) => fetch(url, { mode: 'no-cors', method: 'POST', body: 'row' }) },
  { name: 'fetchKeepalive', run: ({ url }) => fetch(url, { mode: 'no-cors', keepalive: true }) },
  {
    name: 'xhr',
    run: ({ url }) => {
      const request = new XMLHttpRequest()
      request.open('POST', url)
      request.send('row')
    },
  },
  {
    name: 'webSocket',
    run: ({ url }) => {
      new WebSocket(url.replace('http', 'ws'))
    },
  },
  {
    name: 'eventSource',
    run: ({ url }) => {
      new EventSource(url)
    },
  },
  {
    name: 'nestedWorker',
    uncontrolled: true,
    run: ({ url }) => {
      new Worker(url)
    },
  },
  {
    name: 'blobWorker',
    run: ({ url }) => {
      const code = new Blob([`fetch(${JSON.stringify(url)}, { mode: 'no-cors' })`], {
        type: 'text/javascript',
      })
      new Worker(URL.createObjectURL(code))
    },
  },
  {
    name: 'webTransport',
    uncontrolled: true,
    run: ({ url }) => new WebTransport(url.replace('http:', 'https:')).ready,
  },
  { name: 'font', run: ({ url }) => new FontFace('planted', `url(${url})`).load() },
  { name: 'importModule', run: '({ url }) => import(url)' },
]

export const inWorkers: readonly Attack[] = [
  ...everywhere,
  {
    name: 'importScript',
    uncontrolled: true,
    run: ({ url }) => {
      const scope: unknown = globalThis
      if (typeof scope === 'object' && scope !== null && 'importScripts' in scope) {
        if (typeof scope.importScripts === 'function') Reflect.apply(scope.importScripts, scope, [url])
      }
    },
  },
]

export const inDocuments: readonly Attack[] = [
  ...everywhere,
  { name: 'beacon', run: ({ url }) => navigator.sendBeacon(url, 'row') },
  {
    name: 'webRtc',
    heardAs: 'datagram',
    run: async ({ stunPort }) => {
      const connection = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${stunPort}` }] })
      connection.createDataChannel('row')
      await connection.setLocalDescription(await connection.createOffer())
    },
  },
  {
    name: 'form',
    run: ({ url }) => {
      const form = document.createElement('form')
      Object.assign(form, { method: 'post', action: url, target: '_blank' })
      document.body.append(form)
      form.submit()
    },
  },
  { name: 'windowOpen', run: ({ url }) => void window.open(url) },
  {
    name: 'linkClick',
    run: ({ url }) => {
      const link = document.createElement('a')
      Object.assign(link, { href: url, target: '_blank' })
      document.body.append(link)
      link.click()
    },
  },
  {
    name: 'linkPing',
    run: ({ url }) => {
      const link = document.createElement('a')
      Object.assign(link, { href: '#here', ping: url })
      document.body.append(link)
      link.click()
    },
  },
  { name: 'image', run: ({ url }) => void Object.assign(new Image(), { src: url }) },
  {
    name: 'css',
    run: ({ url }) => {
      const link = document.createElement('link')
      Object.assign(link, { rel: 'stylesheet', href: url })
      document.head.append(link)
    },
  },
  {
    name: 'inlineStyle',
    run: ({ url }) => {
      document.body.style.background = `url(${url})`
      document.body.append('visible')
    },
  },
  {
    name: 'scriptTag',
    run: ({ url }) => {
      const script = document.createElement('script')
      script.src = url
      document.head.append(script)
    },
  },
  {
    name: 'frame',
    run: ({ url }) => {
      const frame = document.createElement('iframe')
      frame.src = url
      document.body.append(frame)
    },
  },
  {
    name: 'freshRealm',
    run: async ({ url }) => {
      const frame = document.createElement('iframe')
      document.body.append(frame)
      await frame.contentWindow?.fetch(url, { mode: 'no-cors' })
    },
  },
  {
    name: 'object',
    run: ({ url }) => {
      const object = document.createElement('object')
      object.data = url
      document.body.append(object)
    },
  },
  {
    name: 'video',
    run: ({ url }) => {
      const video = document.createElement('video')
      Object.assign(video, { src: url, preload: 'auto' })
      document.body.append(video)
    },
  },
  ...['prefetch', 'preload', 'modulePreload', 'icon', 'manifest'].map((name): Attack => ({
    name,
    uncontrolled: name === 'icon' || name === 'manifest',
    run: ({ url }) => {
      const link = document.createElement('link')
      const rel = url.split('/').at(-1)?.toLowerCase() ?? ''
      Object.assign(link, { rel, href: url, as: rel === 'preload' ? 'image' : '' })
      document.head.append(link)
    },
  })),
  ...['preconnect', 'dns-prefetch'].map((name): Attack => ({
    name,
    heardAs: 'connection',
    uncontrolled: true,
    run: ({ url }) => {
      const link = document.createElement('link')
      Object.assign(link, { rel: url.split('/').at(-1), href: url })
      document.head.append(link)
    },
  })),
  {
    name: 'serviceWorker',
    uncontrolled: true,
    run: ({ url }) => navigator.serviceWorker.register(url),
  },
  {
    name: 'sharedWorker',
    uncontrolled: true,
    run: ({ url }) => {
      new SharedWorker(url)
    },
  },
  {
    name: 'worklet',
    run: ({ url }) => new OfflineAudioContext(1, 1, 44_100).audioWorklet.addModule(url),
  },
  {
    name: 'metaRefresh',
    leaves: true,
    run: ({ url }) => {
      const meta = document.createElement('meta')
      Object.assign(meta, { httpEquiv: 'refresh', content: `0; url=${url}` })
      document.head.append(meta)
    },
  },
  { name: 'navigateTop', leaves: true, run: ({ url }) => void ((window.top ?? window).location.href = url) },
  { name: 'navigateSelf', leaves: true, run: ({ url }) => location.assign(url) },
]
