// What a model provider binds itself to: hashed into the task's id, passed back to the market with every call.
import type { AbiParameterToPrimitiveType } from 'viem'
import { encodeAbiParameters, keccak256 } from 'viem/utils'
import * as v from 'valibot'
import { address, amount, count, digest32, parse, type Address, type Hex } from './codec.ts'
import { BaseError } from './errors.ts'

/**
 * How an epoch's utilities become weights of its cohorts (plan.ts), in Solidity's order. `equal`: one each, utilities are
 * not asked for. `proportional`: the utility, or zero below it. `rank`: by place among the epoch's cohorts.
 */
export const plans = ['equal', 'proportional', 'rank'] as const
export type Plan = (typeof plans)[number]

export const noAddress: Address = '0x0000000000000000000000000000000000000000'
export const noHash: Hex = '0x0000000000000000000000000000000000000000000000000000000000000000'

export type Terms = {
  readonly modelProvider: Address
  /** The key that signs openings of rounds. */
  readonly opener: Address
  readonly token: Address
  readonly plan: Plan
  /** No referee exists yet: the zero address, so scores are the model provider's word. */
  readonly referee: Address
  /** Token base units, as are all pools and bonds; each below 2^128. */
  readonly dataPool: bigint
  readonly computePool: bigint
  /** What the model provider loses when it vanishes or signs two openings of one round. */
  readonly bond: bigint
  /** What each compute provider locks out of its deposit. */
  readonly computeBond: bigint
  readonly disputeBond: bigint
  /** Digest of the task spec. */
  readonly specHash: Hex
  readonly schemaId: Hex
  /** Tells apart tasks with otherwise equal terms. */
  readonly salt: Hex
  /** 32-byte words of one encrypted update (four coefficients each): aggregation is metered by it. */
  readonly words: number
  /** Samples beyond this many earn nothing more. */
  readonly sampleCap: number
  /** Compute units paid for signing one round. */
  readonly unitsPerSignature: number
  readonly roundsPerEpoch: number
  /** `Invitation.root` over the accounts that may provide data; zero for everyone. */
  readonly invited: Hex
  /** Seconds without a committed round after which anyone may end the task. */
  readonly idleWindow: number
  /** Seconds between settlement and claims. */
  readonly challengeWindow: number
  /** Unix seconds. */
  readonly startBy: number
  /** Basis points. */
  readonly minQuality: number
  readonly minDatas: number
  readonly maxDatas: number
  readonly minComputes: number
  readonly maxComputes: number
  /** Signatures a round needs. */
  readonly threshold: number
  /** Fewest survivors with which a cohort is opened. */
  readonly minCohort: number
  readonly maxCohorts: number
  /** Highest round number. */
  readonly maxRounds: number
  /** Rounds after which the whole data pool is earned. */
  readonly paidRounds: number
  /** Most kilounits of job work paid in the whole task. */
  readonly jobKilounits: number
}

/** Solidity's struct, in its order. */
export const abiParameter = {
  type: 'tuple',
  name: 'terms',
  components: [
    { name: 'modelProvider', type: 'address' },
    { name: 'opener', type: 'address' },
    { name: 'token', type: 'address' },
    { name: 'plan', type: 'uint8' },
    { name: 'referee', type: 'address' },
    { name: 'dataPool', type: 'uint128' },
    { name: 'computePool', type: 'uint128' },
    { name: 'bond', type: 'uint128' },
    { name: 'computeBond', type: 'uint128' },
    { name: 'disputeBond', type: 'uint128' },
    { name: 'specHash', type: 'bytes32' },
    { name: 'schemaId', type: 'bytes32' },
    { name: 'salt', type: 'bytes32' },
    { name: 'words', type: 'uint32' },
    { name: 'sampleCap', type: 'uint32' },
    { name: 'unitsPerSignature', type: 'uint32' },
    { name: 'roundsPerEpoch', type: 'uint8' },
    { name: 'invited', type: 'bytes32' },
    { name: 'idleWindow', type: 'uint32' },
    { name: 'challengeWindow', type: 'uint32' },
    { name: 'startBy', type: 'uint40' },
    { name: 'minQuality', type: 'uint16' },
    { name: 'minDatas', type: 'uint8' },
    { name: 'maxDatas', type: 'uint8' },
    { name: 'minComputes', type: 'uint8' },
    { name: 'maxComputes', type: 'uint8' },
    { name: 'threshold', type: 'uint8' },
    { name: 'minCohort', type: 'uint8' },
    { name: 'maxCohorts', type: 'uint8' },
    { name: 'maxRounds', type: 'uint8' },
    { name: 'paidRounds', type: 'uint8' },
    { name: 'jobKilounits', type: 'uint32' },
  ],
} as const

/** Token base units: below 2^128, so that no product in a settlement can overflow. */
export const tokenAmount = v.pipe(
  amount,
  v.check((units) => units < 1n << 128n, 'expected an amount below 2^128'),
)
const upTo = (most: number) => v.pipe(count, v.maxValue(most, `expected at most ${most}`))
const between = (least: number, most: number) =>
  v.pipe(upTo(most), v.minValue(least, `expected ${least} or more`))
const uint32 = 0xffff_ffff
/** 90 days in seconds. */
const longestWindow = 7_776_000

/** Whether settlement fits one transaction by its calldata (32-byte words) and by its gas (deliveries). */
function isSettleable(terms: {
  readonly maxDatas: number
  readonly maxRounds: number
  readonly maxCohorts: number
}): boolean {
  const { maxDatas, maxRounds, maxCohorts } = terms
  const words = 9 * maxDatas + maxRounds * (11 + 2 * maxCohorts)
  return words <= 3_900 && maxRounds * maxDatas <= 16_384
}

/** The wire form, with everything that the market refuses regardless of chain and time. */
export const schema = v.pipe(
  v.strictObject({
    modelProvider: address,
    opener: address,
    token: address,
    plan: v.picklist(plans, 'expected a reward plan: equal, proportional or rank'),
    referee: v.pipe(address, v.value(noAddress, 'expected no referee (the zero address)')),
    dataPool: tokenAmount,
    computePool: tokenAmount,
    bond: tokenAmount,
    computeBond: tokenAmount,
    disputeBond: tokenAmount,
    specHash: digest32,
    schemaId: digest32,
    salt: digest32,
    words: between(1, uint32),
    sampleCap: between(1, uint32),
    unitsPerSignature: upTo(uint32),
    roundsPerEpoch: between(3, 255),
    invited: digest32,
    idleWindow: between(1, longestWindow),
    challengeWindow: between(1, longestWindow),
    startBy: upTo(2 ** 40 - 1),
    minQuality: upTo(10_000),
    minDatas: between(1, 254),
    maxDatas: between(1, 254),
    minComputes: between(1, 16),
    maxComputes: between(1, 16),
    threshold: between(1, 16),
    minCohort: between(3, 64),
    maxCohorts: between(1, 32),
    maxRounds: between(1, 255),
    paidRounds: between(1, 255),
    jobKilounits: upTo(uint32),
  }),
  v.check((terms) => terms.bond >= terms.disputeBond, 'expected a bond of at least the dispute bond'),
  v.check((terms) => terms.maxDatas + terms.maxComputes <= 255, 'expected at most 255 providers in all'),
  v.check((terms) => terms.minDatas <= terms.maxDatas, 'expected minDatas up to maxDatas'),
  v.check((terms) => terms.minCohort <= terms.minDatas, 'expected minCohort up to minDatas'),
  v.check((terms) => terms.minComputes <= terms.maxComputes, 'expected minComputes up to maxComputes'),
  v.check((terms) => terms.threshold <= terms.minComputes, 'expected a threshold up to minComputes'),
  v.check(
    (terms) => 2 * terms.threshold > terms.maxComputes,
    'expected a threshold above half of maxComputes',
  ),
  v.check((terms) => terms.paidRounds <= terms.maxRounds, 'expected paidRounds up to maxRounds'),
  v.check(
    (terms) => isSettleable(terms),
    'expected fewer rounds, cohorts or data providers: one transaction could not settle it',
  ),
)

/** What `schema` parses. */
export function toWire(terms: Terms): v.InferInput<typeof schema> {
  return {
    ...terms,
    dataPool: terms.dataPool.toString(),
    computePool: terms.computePool.toString(),
    bond: terms.bond.toString(),
    computeBond: terms.computeBond.toString(),
    disputeBond: terms.disputeBond.toString(),
  }
}

/** What Solidity's struct takes. */
export function toAbi(terms: Terms) {
  return { ...terms, plan: plans.indexOf(terms.plan) }
}

/** Solidity's struct as viem decodes it. */
export function fromAbi(terms: AbiParameterToPrimitiveType<typeof abiParameter>): Terms {
  const plan = plans[terms.plan]
  if (plan === undefined) throw new PlanError(terms.plan)
  return {
    ...terms,
    plan,
    modelProvider: parse(address, terms.modelProvider, 'terms'),
    opener: parse(address, terms.opener, 'terms'),
    token: parse(address, terms.token, 'terms'),
    referee: parse(address, terms.referee, 'terms'),
  }
}

/** The task's id: no chain id in it, so that a fork of the chain strands no funds. */
export function id(market: Address, terms: Terms): Hex {
  return keccak256(encodeAbiParameters([{ type: 'address' }, abiParameter], [market, toAbi(terms)]))
}

/** What the model provider pays into escrow at creation. */
export function funding(terms: Terms): bigint {
  return terms.dataPool + terms.computePool + terms.bond
}

export class PlanError extends BaseError {
  override readonly name = 'Terms.PlanError'
  constructor(plan: number) {
    super({
      message: `These terms name reward plan ${plan}, which this version does not know.`,
      advice: 'Reload the app to get its newest version.',
    })
  }
}
