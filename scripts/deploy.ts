// Deploys the market, and on local chains a test token, to the chain behind an RPC; prints where they are.
//   GALAXY_RPC     defaults to http://127.0.0.1:8545
//   GALAXY_KEY     private key that pays; on local chains defaults to anvil's first account
//   GALAXY_TOKEN   an ERC-20 to use; required except on local chains
//   GALAXY_WINDOW  shortest idle and challenge window in seconds; defaults to a day, 1 on local chains
//   --out FILE     also writes the printed JSON there
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createWalletClient, http, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import * as v from 'valibot'
import * as Abi from '../protocol/abi.ts'
import * as Codec from '../protocol/codec.ts'
import { BaseError } from '../protocol/errors.ts'
import * as Foundry from './foundry.ts'

const localChain = 31337
const day = 86_400
/** Known to everyone: anvil's first account. */
const localKey: Codec.Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const root = fileURLToPath(new URL('..', import.meta.url))

const artifact = v.object({
  bytecode: v.object({
    object: v.pipe(
      v.string(),
      v.regex(/^0x[0-9a-f]+$/, 'expected linked bytecode'),
      v.transform((text): Codec.Hex => `0x${text.slice(2)}`),
    ),
  }),
})

export type Deployed = {
  readonly chainId: number
  readonly market: Codec.Address
  readonly token: Codec.Address
  /** The first block that can hold an event of the market. */
  readonly deployBlock: number
}

export type Deployment = {
  readonly rpcUrl: string
  readonly key?: Codec.Hex
  readonly token?: Codec.Address
  /** Seconds. */
  readonly shortestWindow?: number
}

export async function deploy({ rpcUrl, key, token, shortestWindow }: Deployment): Promise<Deployed> {
  const transport = http(rpcUrl)
  const chainId = await createWalletClient({ transport }).extend(publicActions).getChainId()
  const local = chainId === localChain
  if (!local && key === undefined) throw new SettingError('GALAXY_KEY', chainId)
  if (!local && token === undefined) throw new SettingError('GALAXY_TOKEN', chainId)
  const chain = {
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: 'ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  }
  const account = privateKeyToAccount(key ?? localKey)
  const wallet = createWalletClient({ account, chain, transport, pollingInterval: 200 }).extend(publicActions)

  const created = async (hash: Codec.Hex) => {
    const { contractAddress, blockNumber } = await wallet.waitForTransactionReceipt({ hash })
    return {
      address: Codec.parse(Codec.address, contractAddress, 'contract address'),
      block: Number(blockNumber),
    }
  }

  const built = build()
  const window = shortestWindow ?? (local ? 1 : day)
  const market = await created(
    await wallet.deployContract({ abi: Abi.market, bytecode: built.market, args: [window] }),
  )
  const money =
    token ??
    (await created(await wallet.deployContract({ abi: Abi.testToken, bytecode: built.testToken }))).address
  return { chainId, market: market.address, token: money, deployBlock: market.block }
}

/** Bytecode of the contracts as they are now: forge compiles only what changed. */
function build(): { readonly market: Codec.Hex; readonly testToken: Codec.Hex } {
  execFileSync(Foundry.forge(), ['build', '--quiet', '--skip', 'test'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return { market: bytecode('Market'), testToken: bytecode('TestToken') }
}

function bytecode(contract: string): Codec.Hex {
  const file = `${root}out/${contract}.sol/${contract}.json`
  return Codec.parse(artifact, JSON.parse(readFileSync(file, 'utf8')), file).bytecode.object
}

export class SettingError extends BaseError {
  override readonly name = 'Deploy.SettingError'
  constructor(setting: string, chainId: number) {
    super({
      message: `Chain ${chainId} is not a local chain, and ${setting} is not set.`,
      advice: `Set ${setting} in the environment and deploy again.`,
      safe: 'Nothing was sent.',
    })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { GALAXY_RPC, GALAXY_KEY, GALAXY_TOKEN, GALAXY_WINDOW } = process.env
  const deployed = await deploy({
    rpcUrl: GALAXY_RPC ?? 'http://127.0.0.1:8545',
    ...(GALAXY_KEY === undefined ? {} : { key: Codec.parse(Codec.digest32, GALAXY_KEY, 'GALAXY_KEY') }),
    ...(GALAXY_TOKEN === undefined
      ? {}
      : { token: Codec.parse(Codec.address, GALAXY_TOKEN, 'GALAXY_TOKEN') }),
    ...(GALAXY_WINDOW === undefined ? {} : { shortestWindow: Number(GALAXY_WINDOW) }),
  })
  const printed = JSON.stringify(deployed, undefined, 2)
  const out = process.argv.indexOf('--out')
  const file = process.argv[out + 1]
  if (out > 0 && file !== undefined) writeFileSync(file, `${printed}\n`)
  process.stdout.write(`${printed}\n`)
}
