// The borders of the tree: who may import whom, and through which door each big dependency is reached.
const test = '[.]test[.]ts$|^test/|^scripts/'

/** Files of `folder` may import, of ours, only `allowed`. */
function only(folder, allowed, comment) {
  return {
    name: `${folder.replaceAll('/', '-')}-imports-only`,
    comment,
    severity: 'error',
    from: { path: `^${folder}/`, pathNot: test },
    to: {
      path: '^(protocol|workers|web|relay|scripts|test|contracts)/',
      pathNot: allowed.map((each) => `^${each}`),
    },
  }
}

/** `packages` are imported by `doors` and by tests alone. */
function door(name, packages, doors) {
  return {
    name: `door-of-${name}`,
    severity: 'error',
    from: { pathNot: [...doors.map((each) => `^${each}`), test, 'node_modules/', '^vite[.]config[.]ts$'] },
    to: { path: `(^|/)node_modules/(${packages})(/|$)` },
  }
}

const isolated = ['vault', 'train', 'crypto', 'score', 'network', 'tensors']

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('protocol', ['protocol/'], 'protocol/ is pure and imports nothing of ours.'),
    {
      name: 'protocol-has-no-platform',
      severity: 'error',
      from: { path: '^protocol/', pathNot: test },
      to: { dependencyTypes: ['core'] },
    },
    only('relay', ['protocol/', 'relay/'], 'A relay knows the protocol and itself.'),
    only(
      'web',
      ['protocol/', 'workers/progress[.]ts$', 'workers/[^/]+/api[.]ts$', 'web/'],
      'The app knows workers by the types of what it may ask of them.',
    ),
    {
      name: 'web-knows-types-of-workers',
      severity: 'error',
      from: { path: '^web/', pathNot: test },
      to: { path: '^workers/', dependencyTypesNot: ['type-only'] },
    },
    between('web/parts', ['web/(session|net|routes|state)/', 'web/workers[.]ts']),
    between('web/routes', ['web/(net)/', 'web/workers[.]ts']),
    between('web/state', ['web/(net|routes|parts)/', 'web/workers[.]ts']),
    between('web/session', ['web/(routes|parts|state)/']),
    between('web/net', ['web/(routes|parts|state|session)/', 'web/workers[.]ts']),
    ...isolated.map((worker) =>
      only(
        `workers/${worker}`,
        [
          'protocol/',
          'workers/[^/]+[.]ts$',
          `workers/${worker}/`,
          'workers/[^/]+/(api|ports)[.]ts$',
          ...shared(worker),
        ],
        'A worker imports no other worker.',
      ),
    ),
    only(
      'workers/frame',
      ['protocol/', 'workers/[^/]+[.]ts$', 'workers/frame/', 'workers/[^/]+/(api|ports)[.]ts$'],
      'The frame wires ports.',
    ),
    {
      name: 'workers-meet-by-types',
      comment: 'What a worker says of itself in api.ts and ports.ts is types alone for the others.',
      severity: 'error',
      from: { path: '^workers/([^/]+)/', pathNot: test },
      to: {
        path: '^workers/[^/]+/(api|ports)[.]ts$',
        pathNot: '^workers/$1/',
        dependencyTypesNot: ['type-only'],
      },
    },
    door('tensorflow', '@tensorflow/[^/]+', ['workers/train/']),
    door('seal', 'node-seal', ['workers/crypto/']),
    door('network', 'helia|@helia/[^/]+|libp2p|@libp2p/[^/]+|@multiformats/multiaddr', [
      'workers/network/',
      'relay/',
    ]),
    door('blockstore', 'blockstore-idb', ['workers/vault/', 'workers/network/']),
    door('viem', 'viem', ['protocol/', 'web/net/', 'relay/', 'scripts/']),
    door('wallets', 'mipd', ['web/net/']),
    door('tables', 'dexie', ['web/session/', 'workers/']),
    door('components', 'bits-ui|svelte-sonner|svelte-spa-router|uplot', ['web/']),
  ],
  options: {
    doNotFollow: { path: ['node_modules'] },
    exclude: { path: ['^dist/', '^workers/tensors/kernels/', '^out/', '[.]css$', '^web/public/'] },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'scripts/tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['svelte', 'browser', 'import', 'types', 'default'],
      extensions: ['.ts', '.svelte', '.js', '.mjs', '.json'],
    },
  },
}

/** Training and scoring compute with the same tensors. */
function shared(worker) {
  return ['train', 'score'].includes(worker) ? ['workers/tensors/'] : []
}

function between(folder, refused) {
  return {
    name: `${folder.replaceAll('/', '-')}-keeps-its-place`,
    severity: 'error',
    from: { path: `^${folder}/`, pathNot: test },
    to: { path: refused.map((each) => `^${each}`) },
  }
}
