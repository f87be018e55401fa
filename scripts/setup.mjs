// Makes a fresh clone ready and then runs a script: packages, a browser, a Node new enough. Runs on Node 20, imports no package.
// usage: node scripts/setup.mjs [--no-browser] [script.ts [arguments…]]
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as Browser from './browser.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** Runs TypeScript by itself, has node:sqlite, and V8's `exnref`, which node-seal needs. */
const oldestNode = 24

const words = process.argv.slice(2)
const wantsBrowser = words[0] !== '--no-browser'
if (!wantsBrowser) words.shift()

packages()
if (wantsBrowser) browser()
if (words.length > 0) run(words)

/**
 * Installs what the lock file names, unless exactly that is there. Not by `npm ci`: it refuses lock files that were made
 * where a registry has packages for one platform only.
 */
function packages() {
  const stale = staleness()
  if (stale === undefined) return
  say(`${stale}: installing packages with npm`)
  const done = spawnSync(npm(), ['install', '--no-save', '--include=dev', '--no-fund', '--no-audit'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (done.status !== 0)
    fail(
      'npm install failed (its messages are above). Check the network and npm’s registry setting, then try again.',
    )
}

function staleness() {
  const hidden = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(hidden)) return 'No node_modules yet'
  const there = JSON.parse(readFileSync(hidden, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.optional || entry.devOptional || entry.peer) continue
    if (there[path]?.version !== entry.version) return `node_modules differs from the lock file at ${path}`
  }
  return undefined
}

function browser() {
  if (Browser.find()) return
  if (process.env.CHROME)
    fail(`CHROME names ${process.env.CHROME}, which cannot be run. Correct it or unset it.`)
  say('No Chromium or Chrome found: trying Playwright’s download')
  attempt(process.execPath, [join(root, 'node_modules/playwright/cli.js'), 'install', 'chromium'])
  if (Browser.find()) return
  if (process.platform === 'linux' && process.getuid() === 0 && existsSync('/usr/bin/apt-get')) {
    say('Trying apt-get install chromium')
    attempt('apt-get', ['update', '-qq'])
    attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'])
    if (Browser.find()) return
  }
  fail(
    'No browser: install Chromium or Google Chrome 113 or newer, or set CHROME to its path, then try again.',
  )
}

/** Runs a script with this machine’s own Node when it is new enough, else with the one from node_modules. */
function run([script, ...rest]) {
  const node = choose()
  const child = spawn(node, [join(root, script), ...rest], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: [dirname(node), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`${node} could not be run: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

function choose() {
  const own = process.env.npm_node_execpath ?? process.execPath
  const version = spawnSync(own, ['--version'], { encoding: 'utf8' }).stdout ?? ''
  if (Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= oldestNode) return own
  const packaged = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(packaged))
    fail(
      `Node ${oldestNode} or newer is needed and could not be installed for this machine: install it from nodejs.org, then try again.`,
    )
  return packaged
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm'
}

function attempt(command, parameters) {
  spawnSync(command, parameters, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    timeout: 300_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}

function say(sentence) {
  process.stderr.write(`set-up: ${sentence}\n`)
}

function fail(sentence) {
  say(sentence)
  process.exit(1)
}
