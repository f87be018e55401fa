// The response headers of the two origins, written once: local servers, previews and hosted builds all send these.

export type AppHeaders = {
  readonly vaultOrigin: string
  /** `ws://…` or `wss://…`, without a path. */
  readonly relayOrigins: readonly string[]
}

export type VaultHeaders = {
  readonly appOrigins: readonly string[]
  /** Where scripts and workers come from besides; nowhere in the vault itself. */
  readonly scripts?: readonly string[]
}

const common = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
}

/** Where a browser knows it, a page with this may share memory among its workers. */
export const isolation = { 'Document-Isolation-Policy': 'isolate-and-require-corp' }

/** The app origin: network, wallet, screens. Its `frame-src` also keeps the vault frame from navigating elsewhere. */
export function app({ vaultOrigin, relayOrigins }: AppHeaders): Record<string, string> {
  return {
    ...common,
    'Content-Security-Policy': policy({
      'default-src': ["'none'"],
      'script-src': ["'self'", "'wasm-unsafe-eval'"],
      'style-src': ["'self'"],
      'img-src': ["'self'", 'data:', 'blob:'],
      'font-src': ["'self'"],
      'connect-src': ["'self'", ...relayOrigins],
      'worker-src': ["'self'"],
      'manifest-src': ["'self'"],
      'frame-src': [vaultOrigin],
      'frame-ancestors': ["'none'"],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
    }),
    'Cross-Origin-Opener-Policy': 'same-origin-allow-popups',
  }
}

/**
 * The vault origin: rows, weights and keys, and no way to open a connection. The sandbox refuses pop-ups and
 * navigations of other frames. `Connection-Allowlist` closes what no policy names, WebRTC and preconnections, where a
 * browser knows it (Chromium 148 and newer). `Document-Isolation-Policy` gives the frame a process of its own (Chromium
 * 137 and newer), in which threads may share memory, and asks nothing of the app around it.
 */
export function vault({ appOrigins, scripts = [] }: VaultHeaders): Record<string, string> {
  return {
    ...common,
    'Content-Security-Policy': policy({
      'default-src': ["'none'"],
      'script-src': ["'self'", "'wasm-unsafe-eval'", ...scripts],
      'worker-src': ["'self'", ...scripts],
      'connect-src': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': appOrigins.length > 0 ? appOrigins : ["'none'"],
      sandbox: ['allow-scripts', 'allow-same-origin'],
    }),
    'Connection-Allowlist': '(response-origin)',
    ...isolation,
  }
}

/** The same headers in the `_headers` format that static hosts read. */
export function file(headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`)
  return ['/*', ...lines, ''].join('\n')
}

function policy(directives: Record<string, readonly string[]>): string {
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ')
}
