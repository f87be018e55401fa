// Devices with the app's own cryptography: signatures, key agreement, sharing, masks and encryption are all real.
import 'fake-indexeddb/auto'
import { readFile } from 'node:fs/promises'
import { hexToBytes } from '@noble/hashes/utils.js'
import * as Codec from '../../../protocol/codec.ts'
import type { Hex } from '../../../protocol/codec.ts'
import * as Identity from '../../../workers/crypto/identity.ts'
import * as Safe from '../../../workers/crypto/safe.ts'
import * as Seal from '../../../workers/crypto/seal.ts'
import type * as Devices from '../devices.ts'
import * as Keys from '../keys.ts'
import * as Primitives from '../primitives.ts'
import * as Scenario from '../scenario.ts'
import * as Ciphertexts from './ciphertexts.ts'
import * as Vault from './vault.ts'

export type Real = Devices.Devices & {
  /** How often workers refused, by the names of their errors. */
  readonly refusals: ReadonlyMap<string, number>
  /** Rounds whose sums were compared number by number. */
  readonly exact: ReadonlySet<number>
  readonly close: () => void
}

let loaded: Promise<Seal.Seal> | undefined
let opened = 0

/** Faults of participants that leave before there is anything to encrypt. */
const nobodyLeaves = {
  ...{ decline: 0, silent: 0, poor: 0, fickle: 0 },
  ...{ datasLeave: 0, computesLeave: 0, modelLeaves: 0 },
}

/** Few participants and a model of one ciphertext, whose updates all weigh the same. */
export function scenarioOf(seed: number): Scenario.Scenario {
  const scenario = Scenario.from(seed, { datas: [4, 5, 4, 6, 4][seed % 5] ?? 4, computes: 4 })
  const { spec, terms, weather } = scenario
  const rounds = seed % 4 === 0 ? 3 : 2
  const model = { ...spec.model, inputs: 9 }
  return {
    ...scenario,
    invited: 1,
    weather: { ...weather, ...nobodyLeaves },
    spec: { ...spec, model, rounds, sampleCap: 1, targetAccuracy: 0 },
    terms: { ...terms, sampleCap: 1, maxRounds: rounds, paidRounds: 2 },
  }
}

export async function open({ seed, datas, computes, spec }: Scenario.Scenario): Promise<Real> {
  loaded ??= readFile('node_modules/node-seal/dist/seal_throws.wasm').then((wasm) => Seal.load(wasm))
  const seal = await loaded
  const names = [
    'model provider',
    ...Array.from({ length: computes }, (_, at) => `compute provider ${at}`),
    ...Array.from({ length: datas }, (_, at) => `data provider ${at}`),
  ]
  const run = (opened += 1)
  const safes = new Map<string, Safe.Safe>()
  const boxes = new Map<string, Hex>()
  const secrets = new Map<string, Uint8Array>()
  for (const name of names) {
    const safe = await Safe.open(`${name} of run ${run}`)
    safes.set(name, safe)
    const secretOf = (key: string) => hexToBytes(Keys.hash(`${key} of ${name} in seed ${seed}`))
    const own = { account: secretOf('account'), device: secretOf('device'), box: secretOf('box') }
    await safe.create([{ id: Identity.id, bytes: Codec.encode(own) }])
    const keys = await Identity.keys(safe)
    boxes.set(name, Identity.shown(keys).box)
    secrets.set(name, keys.account).set(`${name}'s device`, keys.device)
  }
  const ciphertexts = Ciphertexts.open(spec.he)
  const shared = {
    ...{ spec, seal, ciphertexts },
    objects: new Map<string, Uint8Array>(),
    secrets: new Map(),
    refusals: new Map<string, number>(),
    exact: new Set<number>(),
  }
  return {
    keys: Keys.real(secrets),
    primitives: { ...Primitives.open(seed), ...ciphertexts },
    vault: (name, task) => {
      const safe = safes.get(name)
      if (safe === undefined) throw new Error(`${name} has no device`)
      return Vault.create(task, safe, shared)
    },
    box: (name) => boxes.get(name) ?? '0x',
    refusals: shared.refusals,
    exact: shared.exact,
    close: () => {
      for (const safe of safes.values()) safe.close()
    },
  }
}
