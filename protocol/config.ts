// What an app is told at start: which chain, which market, which relays. Served as `galaxy.json` beside the app.
import * as v from 'valibot'
import * as Codec from './codec.ts'

const url = v.pipe(
  v.string(),
  v.regex(/^(\/[^/\\]|https?:\/\/)[^\s]*$/, 'expected a path of this origin or an http(s) address'),
)
const multiaddr = v.pipe(
  v.string(),
  v.regex(
    /^\/(ip4|ip6|dns|dns4|dns6)\/[^/\s]+\/tcp\/[0-9]{1,5}(\/tls|\/tls\/sni\/[^/\s]+)?\/wss?\/p2p\/[1-9A-HJ-NP-Za-km-z]+$/,
    'expected a WebSocket multiaddress that ends in /p2p/<peer id>',
  ),
)
const origin = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[^/\s]+$/, 'expected an origin such as http://localhost:4173'),
)

export const schema = v.strictObject({
  chainId: Codec.count,
  market: Codec.address,
  token: Codec.address,
  /** Block in which the market was created; event logs are read from here. */
  deployBlock: Codec.count,
  /** Blocks on top of one before it counts; shares of secrets are given away by what counts. 0 on local chains. */
  confirmations: Codec.count,
  /** JSON-RPC endpoints, asked in order; of several, two have to tell the same events and block hashes. */
  rpc: v.pipe(v.array(url), v.minLength(1, 'expected at least one endpoint')),
  relays: v.pipe(v.array(multiaddr), v.minLength(1, 'expected at least one relay')),
  vaultOrigin: origin,
  /** True where time, money and block production are pretended: test tokens and a faucet exist. */
  local: v.boolean(),
})
export type Config = v.InferOutput<typeof schema>

/** Parses the JSON text of `galaxy.json`. */
export function parse(text: string): Config {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Codec.MalformedError('configuration', 'not JSON', cause)
  }
  return Codec.parse(schema, value, 'configuration')
}

/** The origins to which a page must be allowed to connect (`connect-src`) in order to reach the relays. */
export function relayOrigins(config: Pick<Config, 'relays'>): readonly string[] {
  return config.relays.map((address) => {
    const [, family = '', host = '', , port = '', ...rest] = address.split('/')
    const scheme = rest[0] === 'tls' || rest[0] === 'wss' ? 'wss' : 'ws'
    return `${scheme}://${family === 'ip6' ? `[${host}]` : host}:${port}`
  })
}
