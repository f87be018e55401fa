// Which origins trust each other, taken from the environment; `npm start` and hosted builds name their own.

export type Origins = {
  readonly appOrigins: readonly string[]
  readonly vaultOrigin: string
  readonly relayOrigins: readonly string[]
}

/** Stands in the vault frame's page until it is served (or built) for known app origins. */
export const placeholder = '%VITE_APP_ORIGINS%'

/** Ports of `npm start`; everything else takes free ones. */
export const ports = { app: 8080, vault: 8081, relay: 8082, chain: 8545 }

/** Where the local chain answers. */
export const rpc = `http://127.0.0.1:${ports.chain}`

export function fromEnvironment(): Origins {
  const { VITE_APP_ORIGINS, VITE_VAULT_ORIGIN, VITE_RELAY_ORIGINS } = process.env
  return {
    appOrigins: list(VITE_APP_ORIGINS) ?? [`http://localhost:${ports.app}`],
    vaultOrigin: VITE_VAULT_ORIGIN ?? `http://localhost:${ports.vault}`,
    relayOrigins: list(VITE_RELAY_ORIGINS) ?? [`ws://127.0.0.1:${ports.relay}`],
  }
}

function list(text: string | undefined): string[] | undefined {
  const entries = text?.split(',').filter((entry) => entry !== '')
  return entries !== undefined && entries.length > 0 ? entries : undefined
}
