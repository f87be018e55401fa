// The vault's worker: data sets toward the app, rows toward the train and score workers and nobody else;
// toward the crypto worker which version belongs to which data set.
import * as Comlink from 'comlink'
import * as Thrown from '../thrown.ts'
import type { Rows, VaultWorker, Versions } from './ports.ts'
import * as Vault from './vault.ts'

Thrown.carryAdvice()

let opening: ReturnType<typeof Vault.open> | undefined

/** Opened at first use and again after a failure, such as private windows without storage. */
function vault(): ReturnType<typeof Vault.open> {
  opening ??= Vault.open('galaxy-vault').catch((error: unknown) => {
    opening = undefined
    throw error
  })
  return opening
}

const rows: Rows = {
  open: async (dataSet, dataSignature) => await (await vault()).open(dataSet, dataSignature),
  shard: async (dataSet, version, index) => {
    const shard = await (await vault()).shard(dataSet, version, index)
    return Comlink.transfer(shard, [shard.features.buffer, shard.labels.buffer])
  },
}

const versions: Versions = {
  origin: async (dataSet, dataSignature) => await (await vault()).origin(dataSet, dataSignature),
}

const api: VaultWorker = {
  import: async (request, progress) => await (await vault()).import(request, progress),
  list: async () => await (await vault()).list(),
  remove: async (id) => await (await vault()).remove(id),
  storage: async () => await (await vault()).storage(),
  commitment: async (id) => await (await vault()).commitment(id),
  release: async (id) => await (await vault()).release(id),
  connect: (name, port) => {
    Comlink.expose(name === 'crypto' ? versions : rows, port)
  },
}

Comlink.expose(api)
