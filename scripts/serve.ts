// Serves the two built origins with their headers; the app's also answers `/rpc` and `/galaxy.json`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PreviewServer, preview } from 'vite'
import { root } from './processes.ts'

export type Places = {
  readonly appOrigin: string
  readonly vaultOrigin: string
  readonly relayOrigins: readonly string[]
  readonly appPort: number
  readonly vaultPort: number
  /** Interface to listen on; loopback when undefined. */
  readonly host?: string | undefined
  readonly rpc: string
  /** Path of the `galaxy.json` to serve. */
  readonly configuration: string
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

export type Serving = { stop(): Promise<void> }

export async function serve(places: Places): Promise<Serving> {
  Object.assign(process.env, {
    VITE_APP_ORIGINS: places.appOrigin,
    VITE_VAULT_ORIGIN: places.vaultOrigin,
    VITE_RELAY_ORIGINS: places.relayOrigins.join(','),
    GALAXY_RPC: places.rpc,
    GALAXY_CONFIG: places.configuration,
  })
  const app = await open('app', places.appPort, places)
  const vault = await open('vault', places.vaultPort, places)
  return {
    stop: async () => {
      await Promise.all([app.close(), vault.close()])
    },
  }
}

function open(mode: 'app' | 'vault', port: number, { host, tls }: Places): Promise<PreviewServer> {
  return preview({
    configFile: join(root, 'vite.config.ts'),
    mode,
    logLevel: 'error',
    preview: {
      port,
      host: host ?? '127.0.0.1',
      open: false,
      allowedHosts: true,
      ...(tls === undefined ? {} : { https: { cert: readFileSync(tls.cert), key: readFileSync(tls.key) } }),
    },
  })
}
