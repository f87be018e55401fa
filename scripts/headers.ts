// The response headers of the two origins, written once: local servers, previews and hosted builds all send these.

export type AppHeaders = {
  readonly vaultOrigin: string
  /** `ws://…` or `wss://…`, without a path. */
  readonly relayOrigins: readonly string[]
}

const common = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
}

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
 * browser knows it (Chromium 148 and newer).
 */
export function vault({ appOrigins }: { readonly appOrigins: readonly string[] }): Record<string, string> {
  return {
    ...common,
    'Content-Security-Policy': policy({
      'default-src': ["'none'"],
      'script-src': ["'self'", "'wasm-unsafe-eval'"],
      'worker-src': ["'self'"],
      'connect-src': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': appOrigins.length > 0 ? appOrigins : ["'none'"],
      sandbox: ['allow-scripts', 'allow-same-origin'],
    }),
    'Connection-Allowlist': '(response-origin)',
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
