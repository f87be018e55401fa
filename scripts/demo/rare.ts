// The calls that a task without trouble does not need, made by script on the demo's chain for what they cost: a second
// task that starts and expires; a third whose member is proven to lie; a fourth that is cancelled; deposits by hand.
import { createTestClient, http, publicActions, toBytes, walletActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import * as Acceptance from '../../protocol/acceptance.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Evidence from '../../protocol/evidence.ts'
import * as Market from '../../protocol/market.ts'
import * as Once from '../../protocol/once.ts'
import * as Party from '../../protocol/party.ts'
import * as Record from '../../protocol/record.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Token from '../../protocol/token.ts'
import * as Withdrawal from '../../protocol/withdrawal.ts'
import * as Cast from '../../test/chain/cast.ts'
import * as Rounds from '../../test/chain/rounds.ts'
import * as Books from './books.ts'

export type GasByName = Readonly<{ [name: string]: Books.Gas }>

const { model, computes, datas, stranger } = Cast.players

/** Gas by function name. Moves the chain's clock on by hours. */
export async function play({ rpcUrl, market, token, chainId }: Books.Place): Promise<GasByName> {
  const client = createTestClient({ mode: 'anvil', transport: http(rpcUrl), pollingInterval: 100 })
    .extend(publicActions)
    .extend(walletActions)
  const used = new Map<string, readonly number[]>()

  async function send(
    from: Cast.Person,
    call: { readonly to: Market.Call['to']; readonly data: Market.Call['data'] },
  ) {
    const account = privateKeyToAccount(from.key)
    const hash = await client.sendTransaction({ account, to: call.to, data: call.data, chain: null })
    const { status, gasUsed } = await client.waitForTransactionReceipt({ hash })
    if (status !== 'success') throw new Error(`${from.name}: reverted`)
    return Number(gasUsed)
  }

  async function ask(from: Cast.Person, call: Market.Call): Promise<void> {
    const gas = await send(from, call)
    used.set(call.functionName, [...(used.get(call.functionName) ?? []), gas])
  }

  for (const person of [model, ...computes, stranger])
    await client.setBalance({ address: person.account, value: 10n ** 20n })
  for (const person of [model, ...computes]) {
    await send(person, Token.mint(token, person.account, 3n * Cast.purse))
    await send(person, Token.approve(token, market, 3n * Cast.purse))
  }

  const [first, second] = computes
  if (first === undefined || second === undefined) throw new Error('The cast has no compute providers.')
  for (const compute of computes) await ask(compute, Market.deposit(market, token, Cast.computeBond + 2n))
  await ask(first, Market.withdraw(market, token, 1n))
  const inAnHour = async () => Number((await client.getBlock()).timestamp) + 3600
  const deadline = await inAnHour()
  const withdrawal = { token, account: second.account, amount: 1n, nonce: 0n, deadline }
  const domain = { chainId, market }
  const signed = Eip712.sign(Withdrawal.digest(domain, withdrawal), toBytes(second.key))
  await ask(stranger, Market.withdrawFor(market, withdrawal, signed))

  const { parties } = Cast
  const begin = async (name: string): Promise<Terms.Terms> => {
    const terms = { ...Cast.terms(token, await inAnHour(), 2048), salt: Cast.hash(name) }
    await ask(model, Market.create(market, terms))
    const signatures = acceptances(domain, Terms.id(market, terms))
    await ask(model, Market.start(market, terms, parties, signatures))
    return terms
  }

  const idle = await begin('idle')
  await client.increaseTime({ seconds: idle.idleWindow + 60 })
  await client.mine({ blocks: 1 })
  await ask(stranger, Market.expire(market, idle, parties.computes, parties.datas))

  const lying = await begin('lying')
  const place = { domain, task: Terms.id(market, lying) }
  const { commitment } = Rounds.make(place, { round: 1, ciphertexts: 1, closes: await inAnHour() })
  await send(stranger, Market.commitRound(market, lying, parties.computes, parties.datas, commitment))
  const accused = parties.computes.findIndex(({ account }) => account === first.account)
  const stated = (record: Record.Body) => {
    const statement = Once.digest(domain, place.task, 'record', record.round, Record.hash(record))
    return { record, signature: Eip712.sign(statement, first.deviceKey) }
  }
  const { record } = commitment
  const records = [stated(record), stated({ ...record, opened: Cast.hash('another opening') })] as const
  const proof = Evidence.twoRecords(place, parties.computes, accused, records)
  const hash = Party.datasHash(parties.datas)
  await ask(stranger, Market.prove(market, lying, parties.computes, hash, proof.charge, proof.evidence))

  const unwanted = Cast.terms(token, await inAnHour(), 2048)
  await ask(model, Market.create(market, unwanted))
  await ask(model, Market.cancel(market, unwanted))
  return Object.fromEntries([...used].map(([name, gas]) => [name, Books.summary(gas)]))
}

function acceptances(domain: Eip712.Domain, task: Market.Call['data']): Market.Acceptances {
  const committee = Party.committeeHash(Cast.parties.computes.map(({ account }) => account))
  const sign = (person: Cast.Person | undefined, digest: Market.Call['data']) =>
    Eip712.sign(digest, toBytes(person?.key ?? '0x'))
  return {
    computes: Cast.parties.computes.map((party, seat) =>
      sign(computes[seat], Acceptance.computeDigest(domain, task, party)),
    ),
    datas: Cast.parties.datas.map((party, seat) =>
      sign(datas[seat], Acceptance.dataDigest(domain, task, committee, party)),
    ),
    invitations: [],
  }
}
