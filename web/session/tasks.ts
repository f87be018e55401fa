// What a model provider does outside rounds: makes a task, asks providers; and claims, which anybody does.
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as ModelProvider from '../../protocol/roles/modelProvider.ts'
import * as Terms from '../../protocol/terms.ts'
import { unmetered } from '../net/door.ts'
import * as Bonds from './bonds.ts'
import * as Draft from './draft.ts'
import * as Jobs from './effectsOfJobs.ts'
import type { Parts } from './parts.ts'
import * as Sponsor from './sponsor.ts'
import type { TaskDraft } from './view/draft.ts'

/** Resolves with the task once the chain has it. */
export async function create(parts: Parts, draft: TaskDraft): Promise<Hex> {
  const { shelf, frame, config, door, matching, purse, board, place, chain, participations, rules, now } =
    parts
  const testSet = shelf.find(draft.testSet)
  if (testSet === undefined || testSet.schemaId !== draft.schemaId) throw new TestSetError()
  if (draft.scoring === 'committee' && !testSet.released) throw new PrivateTestSetError()
  const commitment = await frame.vault.commitment(testSet.id)
  const released = draft.warmStart && (await frame.vault.release(draft.warmStart.dataSet))
  const me = matching.me()
  const { id, terms, spec } = Draft.make(draft, {
    config,
    modelProvider: me.account,
    opener: me.device,
    testSet: { commitment, samples: testSet.samples },
    released: released && releasedOf(released.shards),
    now: now(),
  })
  const { tokens } = await chain.balances(me.account)
  const needed = Terms.funding(terms)
  if (tokens < needed) throw new Sponsor.TokensError(needed, tokens, config.local)
  if (released) await Jobs.publishShards(door, id, released.shards, unmetered)
  await board.keepSpec(spec)
  const computes = board.computes(now()).map(({ signed }) => signed.offer)
  const { invited } = draft
  const options = { me, rules: rules.of('model'), place, id, terms, spec, computes, invited }
  const state = ModelProvider.create(options)
  const entry = await participations.add(state, testSet.id)
  await entry.until((current) => current.ledger.state !== 'none')
  await purse.refresh()
  return id
}

function releasedOf(encoded: readonly Uint8Array[]) {
  return {
    shards: encoded.map((bytes) => Codec.digestOf(Codec.cidOf(bytes))),
    samples: encoded.reduce((sum, bytes) => sum + DataSet.decodeShard(bytes).samples, 0),
  }
}

/** Compute providers are asked by the task itself, as soon as a data provider nominates them. */
export async function request(
  { board, participations }: Parts,
  task: Hex,
  ids: readonly string[],
): Promise<void> {
  const offers = ids.flatMap((id) => board.dataOffer(id)?.signed.offer ?? [])
  await participations.get(task, 'model').deliver({ type: 'chosen', offers })
}

/** Pays what is free of this account's deposit out to it; bonds promised to tasks that have not started stay. */
export async function withdraw({ purse, sponsor, participations }: Parts): Promise<void> {
  const { address } = purse.account()
  const states = participations.list().map((entry) => entry.state())
  const amount = (await purse.deposit(address)) - Bonds.promised(states, address)
  if (amount <= 0n) throw new DepositError()
  await sponsor.withdraw(address, amount)
}

/** Payouts of a settled task; the refund of a cancelled one. */
export async function claim({ participations }: Parts, task: Hex): Promise<void> {
  const roles = participations.list().filter((entry) => entry.participant.task === task)
  participations.get(task, 'data', 'compute', 'model')
  for (const entry of roles) {
    const isCancelled = entry.state().ledger.state === 'cancelled'
    await entry.deliver({ type: isCancelled ? 'withdrawn' : 'claimed' })
  }
}

export class DepositError extends BaseError {
  override readonly name = 'Tasks.DepositError'
  constructor() {
    super({
      message: 'Nothing of this deposit is free.',
      advice: 'Bonds come back when their tasks are over. Wait for that, or decline what has not started.',
      safe: 'The deposit is in the market and stays yours.',
    })
  }
}

export class TestSetError extends BaseError {
  override readonly name = 'Tasks.TestSetError'
  constructor() {
    super({
      message: 'A task needs a test set of its schema on this device.',
      advice: 'Import test data of this schema first, then choose it.',
    })
  }
}

export class PrivateTestSetError extends BaseError {
  override readonly name = 'Tasks.PrivateTestSetError'
  constructor() {
    super({
      message: 'The committee can only count on a test set whose rows were given away when it was imported.',
      advice: 'Import the test set again with its rows given away, or count contributions yourself.',
      safe: 'No money moved, and the test set stays private.',
    })
  }
}
