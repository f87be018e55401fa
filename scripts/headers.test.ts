import { expect, test } from 'vitest'
import * as Headers from './headers.ts'

const vaultOrigin = 'http://localhost:8081'

function policyOf(headers: Record<string, string>): Map<string, string> {
  const parts = (headers['Content-Security-Policy'] ?? '').split('; ').map((part) => part.split(' '))
  return new Map(parts.map(([name = '', ...sources]) => [name, sources.join(' ')]))
}

test('the vault may connect to nothing and be framed by the app only', () => {
  const headers = Headers.vault({ appOrigins: ['http://localhost:8080'] })
  const policy = policyOf(headers)
  expect(policy.get('default-src')).toBe("'none'")
  expect(policy.get('script-src')).toBe("'self' 'wasm-unsafe-eval'")
  expect(policy.get('worker-src')).toBe("'self'")
  expect(policy.get('connect-src')).toBe("'none'")
  expect(policy.get('frame-ancestors')).toBe('http://localhost:8080')
  expect(policy.get('sandbox')).toBe('allow-scripts allow-same-origin')
  expect(headers['Connection-Allowlist']).toBe('(response-origin)')
  expect(headers['Document-Isolation-Policy']).toBe('isolate-and-require-corp')
})

test('a vault that knows no app is framed by nobody', () => {
  expect(policyOf(Headers.vault({ appOrigins: [] })).get('frame-ancestors')).toBe("'none'")
})

test('the app may connect to itself and its relays, and frame the vault only', () => {
  const policy = policyOf(Headers.app({ vaultOrigin, relayOrigins: ['ws://127.0.0.1:8082'] }))
  expect(policy.get('connect-src')).toBe("'self' ws://127.0.0.1:8082")
  expect(policy.get('frame-src')).toBe(vaultOrigin)
  expect(policy.get('script-src')).toBe("'self' 'wasm-unsafe-eval'")
  expect(policy.get('frame-ancestors')).toBe("'none'")
})

test('hosts read the same headers from a file', () => {
  const headers = Headers.app({ vaultOrigin, relayOrigins: [] })
  const [path, ...lines] = Headers.file(headers).trimEnd().split('\n')
  expect(path).toBe('/*')
  expect(
    Object.fromEntries(
      lines.map((line) =>
        line
          .trim()
          .split(/: (.*)/)
          .slice(0, 2),
      ),
    ),
  ).toEqual(headers)
})
