// The parts of a running session, started in the order in which they need each other.
import type { Config } from '../../protocol/config.ts'
import type * as Message from '../../protocol/message.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Offer from '../../protocol/offer.ts'
import * as Topic from '../../protocol/topic.ts'
import type { Frame } from '../../workers/frame/api.ts'
import * as Chain from '../net/chain.ts'
import * as Witnesses from '../net/witnesses.ts'
import * as Door from '../net/door.ts'
import type { Wallets } from '../net/wallet.ts'
import * as Backbones from './backbones.ts'
import * as Board from './board.ts'
import * as Bonds from './bonds.ts'
import * as Connection from './connection.ts'
import { Database } from './database.ts'
import * as DataSets from './dataSets.ts'
import * as Effects from './effects.ts'
import type { Environment } from './environment.ts'
import * as Guard from './guard.ts'
import * as Mail from './mail.ts'
import * as Matching from './matching.ts'
import * as Meters from './meters.ts'
import * as Participations from './participations.ts'
import type { Log } from './problems.ts'
import * as Purse from './purse.ts'
import * as Records from './records.ts'
import * as Rules from './rules.ts'
import * as Sponsor from './sponsor.ts'
import * as Transactions from './transactions.ts'

export type Parts = {
  readonly config: Config
  readonly place: Topic.Place
  readonly database: Database
  readonly frame: Frame
  readonly door: Door.Door
  readonly chain: Chain.Chain
  readonly wallets: Wallets
  readonly purse: Purse.Purse
  readonly sponsor: Sponsor.Sponsor
  readonly board: Board.Board
  readonly backbones: Backbones.Backbones
  readonly shelf: DataSets.Shelf
  readonly mail: Mail.Mail
  readonly meters: Meters.Meters
  readonly transactions: Transactions.Transactions
  readonly participations: Participations.Participations
  readonly matching: Matching.Matching
  readonly rules: Rules.Rules
  readonly guard: Guard.Guard
  readonly watch: Connection.Watch
  readonly now: () => number
  stop(): Promise<void>
}

export type Options = {
  readonly world: Environment
  readonly step: (step: string) => void
  readonly changed: () => void
  readonly problems: Log
}

/** Seconds between two looks at balances. */
const balanceInterval = 5

export async function start({ world, step, changed, problems }: Options): Promise<Parts> {
  const { now } = world
  let stopped = false
  step('Reading which market this is')
  const config = await world.config()
  const place: Topic.Place = { chainId: config.chainId, market: config.market }
  const database = new Database(`galaxy ${config.chainId} ${config.market}`)
  await database.open()
  const watch = Connection.make(config.chainId, changed)
  const wallets = world.wallets()
  wallets.subscribe(changed)

  step('Opening the vault')
  const vault = await world.openVault(config.vaultOrigin)
  watch.worker('frame', 'running')
  const network = world.startNetwork((error) => {
    watch.worker('network', 'failed')
    problems.add(error)
  })
  const meters = await Meters.load(database, changed)
  const door = Door.open(network.api, ({ direction, kind, bytes, machine, round }) => {
    if (machine === undefined || round === 0) return
    meters.count(machine, round, direction === 'out' ? 'up' : 'down', bytes.length)
    if (kind === 'put') meters.count(machine, round, 'update', bytes.length)
  })
  const chain = Chain.open(config, { base: world.base })

  step('Reading what this device remembers')
  const frame = vault.api
  const purse = await Purse.open({ config, crypto: frame.crypto, chain, door, wallets, database, changed })
  const sponsor = Sponsor.make({ config, chain, door, purse, now })
  const shelf = DataSets.open(frame, changed)
  await shelf.refresh()
  const board = await Board.open({
    database,
    fetchSpec: (_task, cid) => door.get(cid, 64 * 1024, Door.unmetered),
    changed,
  })
  const backbones = Backbones.make({ database, crypto: frame.crypto, door })
  const transactions = await Transactions.load({ database, chain, changed })
  const guard = await Guard.open({
    database,
    train: frame.train,
    battery: await world.battery(),
    lends: () => openOffers().length > 0 || participations.list().some(lends),
    offered: () => (openOffers().length === 0 ? undefined : Math.max(...openOffers())),
    now,
    changed,
    turned: () => void tellSeats().catch(problems.add),
    failed: problems.add,
  })
  const rules = await Rules.load(database, frame, watch, () => guard.hold() !== undefined)
  const records = await Records.load(database)
  const mail = Mail.open({
    place,
    door,
    crypto: frame.crypto,
    signer: purse.signer,
    database,
    received: (message, bytes) => hear(message, bytes),
    refused: (thrown) => {
      // Rubbish from the network is nobody's problem; a disk that refuses is.
      if (!isRubbish(thrown)) problems.add(thrown)
    },
  })
  const participations = await Participations.open({
    database,
    mail,
    execute: Effects.executor({
      place,
      door,
      frame,
      backboneOf: backbones.of,
      blockHash: chain.blockHash,
      mail,
      sponsor,
      meters,
      lend: guard.lend,
      exists: (task) => board.task(task) !== undefined,
      deposit: purse.deposit,
      promised: (account, besides) =>
        Bonds.promised(
          participations.list().map((entry) => entry.state()),
          account,
          besides,
        ),
      sent: (participant, name, round, sent) => transactions.own(participant, name, round, sent),
      progress: (participant, progress) => participations.setProgress(participant.id, progress),
      counted: () => void shelf.recount(),
    }),
    received(id, round, bytes) {
      meters.reached(id, round, 'openedAt', now())
      meters.count(id, round, 'down', bytes)
    },
    committed: (id, round, time) => meters.reached(id, round, 'endedAt', time),
    now,
    changed,
  })
  const matching = await Matching.open({
    place,
    database,
    board,
    purse,
    participations,
    records,
    rules,
    shelf,
    now,
    failed: problems.add,
  })

  /** Samples a second of own compute offers that others can still take. */
  function openOffers(): readonly number[] {
    const good = board.ownCompute().filter(({ signed }) => !Offer.isExpired(signed.offer, now()))
    return good.map(({ signed }) => signed.offer.training)
  }

  /** Whether seats are taken unasked depends on what holds the device back. */
  async function tellSeats(): Promise<void> {
    const ruled = rules.of('compute')
    for (const entry of participations.list()) {
      const isTold = entry.state().rules.consent === ruled.consent
      if (entry.participant.role === 'compute' && !isTold)
        await entry.deliver({ type: 'ruled', rules: ruled })
    }
  }

  async function hear(message: Message.Message, bytes: Uint8Array): Promise<void> {
    await matching.hear(message)
    await participations.hear(message, bytes.length)
  }

  void listen()

  /** A relay that is away holds up nothing: it is tried again for as long as the session runs. */
  async function listen(): Promise<void> {
    for (let attempt = 1; !stopped; attempt += 1) {
      try {
        await door.start(config.relays)
        await mail.follow(Topic.market(place))
        await participations.listen()
        return
      } catch (thrown) {
        problems.add(thrown)
        await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 1000 * 2 ** attempt)))
      }
    }
  }

  let lookedAt = 0
  const cursor = await database.cursors.get('chain')
  const following = chain.follow(cursor?.value ?? config.deployBlock - 1, {
    async taken(told, upTo) {
      for (const { event } of told) {
        if (event.name === 'TaskCreated' && event.terms.token === config.token)
          await board.created(event.task, event.terms)
      }
      await participations.learn(told, upTo.time)
      await records.learn(told)
      await transactions.learn(told, participations)
      await database.cursors.put({ id: 'chain', value: upTo.number })
      problems.over(Chain.unreachable)
      problems.over(Witnesses.disputed)
      watch.block(upTo.number)
      await matching.look()
      if (told.length > 0 || now() - lookedAt >= balanceInterval) {
        lookedAt = now()
        await purse.refresh()
      }
    },
    failed(error) {
      if (error instanceof Chain.UnreachableError) watch.chainDown()
      problems.add(error)
    },
  })
  const stopWatch = watch.follow(door)
  const stopPulse = world.startPulse(() => {
    void following.look()
    void participations.tick()
    guard.tick()
  })

  return {
    config,
    place,
    database,
    frame,
    door,
    chain,
    wallets,
    purse,
    sponsor,
    board,
    backbones,
    shelf,
    mail,
    meters,
    transactions,
    participations,
    matching,
    rules,
    guard,
    watch,
    now,
    async stop() {
      stopped = true
      stopPulse()
      following.stop()
      stopWatch()
      await participations.stop()
      await door.stop().catch(() => undefined)
      network.stop()
      vault.stop()
      wallets.stop()
      database.close()
    },
  }
}

function lends(entry: Participations.Entry): boolean {
  return entry.participant.role === 'compute' && ['open', 'running'].includes(entry.state().ledger.state)
}

function isRubbish(thrown: unknown): boolean {
  return thrown instanceof BaseError
}
