// Deploys the market with its libraries, and on local chains a test token, to the chain behind an RPC; prints where they are.
//   GALAXY_RPC     defaults to http://127.0.0.1:8545
//   GALAXY_KEY     private key that pays; on local chains defaults to anvil's first account
//   GALAXY_TOKEN   an ERC-20 to use; required except on local chains
//   GALAXY_WINDOW  shortest idle and challenge window in seconds; defaults to a day, 1 on local chains
//   --dry-run      sends nothing, prints what each transaction would cost now
//   --out FILE     also writes the printed JSON there, and beside it, as FILE with .verify.json, what explorers
//                  take as "standard JSON input" to verify the market and its libraries
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import {
  createWalletClient,
  encodeDeployData,
  formatEther,
  getContractAddress,
  http,
  publicActions,
  type Abi as AnyAbi,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import * as Abi from '../protocol/abi.ts'
import * as Codec from '../protocol/codec.ts'
import { BaseError } from '../protocol/errors.ts'
import * as Artifacts from './artifacts.ts'

const localChain = 31337
const day = 86_400
const marketSource = 'contracts/Market.sol'
const tokenSource = 'contracts/TestToken.sol'
/** Known to everyone: anvil's first account. */
const localKey: Codec.Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

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

/** One transaction that creates a contract. */
type Creation = {
  readonly name: string
  /** `source:name` where it is a library. */
  readonly library?: string
  /** Creation code and constructor arguments. */
  readonly data: (libraries: Artifacts.Libraries) => Codec.Hex
}

export type Cost = {
  readonly name: string
  /** Where it will be, if the account sends nothing else before. */
  readonly address: Codec.Address
  readonly gas: bigint
  readonly wei: bigint
}

export async function deploy(deployment: Deployment): Promise<Deployed> {
  return (await deployAll(deployment)).deployed
}

/** What explorers need to verify the contracts, beside where they are. */
export async function deployAll(
  deployment: Deployment,
): Promise<{ readonly deployed: Deployed; readonly verification: object }> {
  const { chainId, wallet, token } = await connect(deployment)
  const libraries = new Map<string, Codec.Address>()
  const places = new Map<string, { readonly address: Codec.Address; readonly block: number }>()
  for (const { name, library, data } of creations(chainId, deployment)) {
    const hash = await wallet.sendTransaction({ data: data(libraries) })
    const { contractAddress, blockNumber, status } = await wallet.waitForTransactionReceipt({ hash })
    if (status !== 'success') throw new RevertedError(name, hash)
    const address = Codec.parse(Codec.address, contractAddress, 'contract address')
    places.set(name, { address, block: Number(blockNumber) })
    if (library !== undefined) libraries.set(library, address)
  }
  const at = (name: string) => {
    const place = places.get(name)
    if (place === undefined) throw new SettingError('GALAXY_TOKEN', chainId)
    return place
  }
  const market = at('Market')
  return {
    deployed: {
      chainId,
      market: market.address,
      token: token ?? at('TestToken').address,
      deployBlock: market.block,
    },
    verification: Artifacts.verification(Artifacts.read(marketSource), libraries),
  }
}

/** What `deploy` would cost at the chain's gas price of now; sends nothing. */
export async function dryRun(deployment: Deployment): Promise<readonly Cost[]> {
  const { chainId, wallet } = await connect(deployment)
  const from = wallet.account.address
  const price = await wallet.getGasPrice()
  const first = await wallet.getTransactionCount({ address: from })
  const libraries = new Map<string, Codec.Address>()
  const costs: Cost[] = []
  for (const [index, { name, library, data }] of creations(chainId, deployment).entries()) {
    const predicted = getContractAddress({ from, nonce: BigInt(first + index) })
    const address = Codec.parse(Codec.address, predicted, 'contract address')
    const gas = await wallet.estimateGas({ data: data(libraries) })
    costs.push({ name, address, gas, wei: gas * price })
    if (library !== undefined) libraries.set(library, address)
  }
  return costs
}

async function connect({ rpcUrl, key, token }: Deployment) {
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
  return { chainId, wallet, token }
}

/** Libraries, the market, and where no token was named a test token. */
function creations(chainId: number, { token, shortestWindow }: Deployment): readonly Creation[] {
  Artifacts.build(marketSource, tokenSource)
  const window = shortestWindow ?? (chainId === localChain ? 1 : day)
  const market = Artifacts.read(marketSource)
  return [
    ...Artifacts.librariesOf(market).map((library) => ({
      ...creation(library, [], []),
      library: Artifacts.keyOf(library),
    })),
    creation(market, Abi.market, [window]),
    ...(token === undefined ? [creation(Artifacts.read(tokenSource), Abi.testToken, [])] : []),
  ]
}

function creation(artifact: Artifacts.Artifact, abi: AnyAbi, args: readonly unknown[]): Creation {
  return {
    name: artifact.name,
    data: (libraries) => {
      const bytecode = Artifacts.linked(artifact, libraries)
      return args.length === 0 ? bytecode : encodeDeployData({ abi, bytecode, args })
    },
  }
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

export class RevertedError extends BaseError {
  override readonly name = 'Deploy.RevertedError'
  constructor(contract: string, transaction: Codec.Hex) {
    super({
      message: `The creation of ${contract} reverted in transaction ${transaction}.`,
      advice: 'Look the transaction up in an explorer of the chain, then deploy again.',
      safe: 'The gas of it, and what was created before it, is spent.',
    })
  }
}

function printed(value: unknown): string {
  return `${JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each), 2)}\n`
}

function table(costs: readonly Cost[]): string {
  const sum = {
    name: 'total',
    address: '',
    gas: costs.reduce((gas, cost) => gas + cost.gas, 0n),
    wei: costs.reduce((wei, cost) => wei + cost.wei, 0n),
  }
  return [...costs, sum]
    .map(
      ({ name, address, gas, wei }) =>
        `${name.padEnd(12)} ${String(gas).padStart(10)} gas ${formatEther(wei).padStart(22)} ether  ${address}`,
    )
    .join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { 'dry-run': { type: 'boolean', default: false }, out: { type: 'string' } },
  })
  const { GALAXY_RPC, GALAXY_KEY, GALAXY_TOKEN, GALAXY_WINDOW } = process.env
  const window = v.pipe(v.string(), v.regex(/^\d+$/, 'expected seconds'), v.transform(Number))
  const deployment: Deployment = {
    rpcUrl: GALAXY_RPC ?? 'http://127.0.0.1:8545',
    ...(GALAXY_KEY === undefined ? {} : { key: Codec.parse(Codec.digest32, GALAXY_KEY, 'GALAXY_KEY') }),
    ...(GALAXY_TOKEN === undefined
      ? {}
      : { token: Codec.parse(Codec.address, GALAXY_TOKEN, 'GALAXY_TOKEN') }),
    ...(GALAXY_WINDOW === undefined
      ? {}
      : { shortestWindow: Codec.parse(window, GALAXY_WINDOW, 'GALAXY_WINDOW') }),
  }
  if (values['dry-run']) {
    const costs = await dryRun(deployment)
    process.stdout.write(`${table(costs)}\nNothing was sent.\n`)
    if (values.out !== undefined) writeFileSync(values.out, printed(costs))
  } else {
    const { deployed, verification } = await deployAll(deployment)
    process.stdout.write(printed(deployed))
    if (values.out !== undefined) {
      writeFileSync(values.out, printed(deployed))
      writeFileSync(values.out.replace(/(\.json)?$/, '.verify.json'), printed(verification))
    }
  }
}
