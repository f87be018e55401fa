// The borders of the tree are refused by a tool, not by good manners: each planted import has to make it fail.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
let copy = ''

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'galaxy-borders-'))
  for (const path of [
    'protocol',
    'web',
    'workers',
    'relay',
    'scripts',
    'tsconfig.json',
    '.dependency-cruiser.cjs',
  ]) {
    cpSync(join(root, path), join(copy, path), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
})

afterAll(() => rmSync(copy, { recursive: true, force: true }))

test.each([
  ['protocol imports web', 'protocol/planted.ts', '../web/net/door.ts', 'protocol-imports-only'],
  ['protocol reads files', 'protocol/planted.ts', 'node:fs', 'protocol-has-no-platform'],
  [
    'the vault imports the network',
    'workers/vault/planted.ts',
    '../network/worker.ts',
    'workers-vault-imports-only',
  ],
  [
    'crypto imports the vault',
    'workers/crypto/planted.ts',
    '../vault/worker.ts',
    'workers-crypto-imports-only',
  ],
  ['the vault imports libp2p', 'workers/vault/planted.ts', 'libp2p', 'door-of-network'],
  ['the network imports SEAL', 'workers/network/planted.ts', 'node-seal', 'door-of-seal'],
  ['a screen imports the chain', 'web/routes/planted.ts', '../net/door.ts', 'web-routes-keeps-its-place'],
  [
    'the app runs a worker’s code',
    'web/session/planted.ts',
    '../../workers/vault/worker.ts',
    'web-imports-only',
  ],
  [
    'the app knows what the vault shows other workers alone',
    'web/session/planted.ts',
    '../../workers/vault/ports.ts',
    'web-imports-only',
  ],
  ['the relay imports the app', 'relay/planted.ts', '../web/net/door.ts', 'relay-imports-only'],
])('refused: %s', (_name, path, imported, rule) => {
  mkdirSync(dirname(join(copy, path)), { recursive: true })
  writeFileSync(join(copy, path), `import * as Planted from '${imported}'\nexport { Planted }\n`)
  const { code, rules } = cruise(path)
  rmSync(join(copy, path))
  expect(rules).toContain(rule)
  expect(code).not.toBe(0)
})

function cruise(...paths: string[]): { code: number | null; rules: string[] } {
  const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const parameters = [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...paths]
  const { status, stdout } = spawnSync(process.execPath, parameters, { cwd: copy, encoding: 'utf8' })
  return { code: status, rules: [...stdout.matchAll(/error (\S+?):/g)].map(([, rule = '']) => rule) }
}
