// Two builds, one per origin (`--mode app`, `--mode vault`), and the benchmark's (`--mode bench`), their previews with the
// real headers, and the tests.
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import tailwindcss from '@tailwindcss/vite'
import { playwright } from '@vitest/browser-playwright'
import type { Plugin, PluginOption, ProxyOptions } from 'vite'
import { type ViteUserConfig, defineConfig } from 'vitest/config'
import packages from './package.json' with { type: 'json' }
import * as AssemblyScript from './scripts/assemblyscript.ts'
import * as Browser from './scripts/browser.mjs'
import * as Headers from './scripts/headers.ts'
import * as Origins from './scripts/origins.ts'

const root = fileURLToPath(new URL('.', import.meta.url))

export default defineConfig(({ mode }) => {
  const origins = Origins.fromEnvironment()
  if (mode === 'app') {
    const headers = Headers.app(origins)
    const proxy = { '/rpc': { target: process.env['GALAXY_RPC'] ?? Origins.rpc, rewrite: () => '/' } }
    return origin('app', 'web', headers, proxy, [
      tailwindcss(),
      svelte({ configFile: false }),
      configuration(headers),
    ])
  }
  if (mode === 'vault') {
    const headers = Headers.vault(origins)
    return origin('vault', 'workers/frame', headers, {}, [allowedOrigins(headers, origins)])
  }
  // As the vault is, so that what is measured runs as it does there; other libraries start their threads from blobs.
  if (mode === 'bench') {
    const headers = Headers.vault({ appOrigins: [], scripts: ['blob:'] })
    const bench = origin('bench', 'test/bench', headers, {}, [])
    // TensorFlow.js gives its threads the source of a function, which must not name what a minifier shortened.
    return { ...bench, build: { ...bench.build, minify: false } }
  }
  return tests
})

/** Bundles of workers have plugins of their own. */
const worker = { format: 'es' as const, plugins: () => [AssemblyScript.plugin()] }

function origin(
  name: string,
  folder: string,
  headers: Record<string, string>,
  proxy: Record<string, ProxyOptions>,
  plugins: PluginOption[],
): ViteUserConfig {
  return {
    root: `${root}${folder}`,
    cacheDir: `${root}node_modules/.vite/${name}`,
    plugins: [...plugins, AssemblyScript.plugin(), hostedHeaders(headers)],
    worker,
    build: {
      outDir: `${root}dist/${name}`,
      emptyOutDir: true,
      target: 'es2024',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 4096,
      reportCompressedSize: false,
    },
    server: { headers, proxy, strictPort: true },
    preview: { headers, proxy, strictPort: true },
  }
}

/** Leaves the headers beside the files, for hosts that read `_headers`. */
function hostedHeaders(headers: Record<string, string>): Plugin {
  return {
    name: 'galaxy:hosted-headers',
    apply: 'build',
    applyToEnvironment: (environment) => environment.name === 'client',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: '_headers', source: Headers.file(headers) })
    },
  }
}

/** Writes the app origins into the frame's page as it is served, so that another port needs no other build. */
function allowedOrigins(headers: Record<string, string>, { appOrigins }: Origins.Origins): Plugin {
  return {
    name: 'galaxy:allowed-origins',
    configurePreviewServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = request.url?.split('?')[0]
        if (path !== '/' && path !== '/index.html') {
          next()
          return
        }
        const page = readFileSync(`${server.config.build.outDir}/index.html`, 'utf8')
        response.writeHead(200, { ...headers, 'Content-Type': 'text/html; charset=utf-8' })
        response.end(page.replaceAll(Origins.placeholder, appOrigins.join(',')))
      })
    },
  }
}

/** Answers `/galaxy.json` from the file that the local stack wrote. */
function configuration(headers: Record<string, string>): Plugin {
  return {
    name: 'galaxy:configuration',
    configurePreviewServer(server) {
      const path = process.env['GALAXY_CONFIG'] ?? `${root}.galaxy/galaxy.json`
      server.middlewares.use('/galaxy.json', (_request, response) => {
        const found = existsSync(path)
        response.writeHead(found ? 200 : 404, { ...headers, 'Content-Type': 'application/json' })
        response.end(found ? readFileSync(path) : 'null')
      })
    },
  }
}

const bundled = Object.keys(packages.dependencies).filter(
  (name) => !['svelte', 'svelte-spa-router', 'svelte-sonner', 'bits-ui'].includes(name),
)
/** What workers import of packages beside their main modules, and what benchmarks compare with. */
const beside = [
  '@jax-js/jax',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-webgl',
  '@tensorflow/tfjs-backend-webgpu',
  '@tensorflow/tfjs-core/dist/register_all_gradients',
  '@noble/curves/ed25519.js',
  '@noble/curves/secp256k1.js',
  '@noble/hashes/hkdf.js',
  'viem/utils',
]

const tests: ViteUserConfig = {
  test: {
    // Unasked it leaves a core to itself, which is half of a small machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          include: ['{protocol,relay,workers,web,scripts,test}/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', 'test/{e2e,sim}/**'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'sim',
          environment: 'node',
          include: ['test/sim/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['test/e2e/**/*.test.ts'],
          // Each has a stack of its own and mostly waits for its chain; both origins are built once before.
          globalSetup: ['test/setup/build.ts'],
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        plugins: [svelte({ configFile: false }), AssemblyScript.plugin()],
        worker,
        // Isolated as the vault is, so that its threads are tested.
        server: { headers: Headers.isolation },
        // Named because workers import them: found only while a test runs, they would reload the page under it.
        optimizeDeps: { include: [...bundled, ...beside] },
        test: {
          name: 'browser',
          globalSetup: ['test/setup/relay.ts'],
          include: ['{protocol,workers,web,test}/**/*.browser.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: Browser.find() ?? '', args: [...Browser.flags] },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
}
