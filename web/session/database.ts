// What the app origin remembers: states of machines, cursors, settings, offers, public objects and measurements.
// Nothing secret: keys and rows are in the vault origin.
import { Dexie, type EntityTable } from 'dexie'
import type { Hex } from '../../protocol/codec.ts'
import type * as Market from '../../protocol/market.ts'
import type * as Message from '../../protocol/message.ts'
import type { Meter } from './meters.ts'
import type { Role, Transaction } from './view/participation.ts'

export type StoredMachine = {
  /** `<task>:<role>` */
  readonly id: string
  readonly task: Hex
  readonly role: Role
  readonly state: unknown
  /** What only this device knows of it: the data set that is lent or tested with. */
  readonly dataSet: string | undefined
}

/** `chain`, or `topic:<topic>`; the next start reads on from here. */
export type StoredCursor = { readonly id: string; readonly value: number }

export type StoredSetting = { readonly id: string; readonly value: unknown }

export type StoredOffer = {
  /** CID of the signed offer. */
  readonly id: string
  readonly kind: 'data' | 'compute'
  /** dag-cbor of the signed offer. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly own: 0 | 1
  /** Own data offers: what is offered. */
  readonly dataSet: string | undefined
  /** Unix seconds. */
  readonly expires: number
}

/** A task spec by its digest. */
export type StoredObject = { readonly id: string; readonly bytes: Uint8Array<ArrayBuffer> }

/** dag-cbor of a backbone by its digest. */
export type StoredBackbone = { readonly id: string; readonly bytes: Uint8Array<ArrayBuffer> }

export type StoredTask = {
  readonly id: Hex
  /** dag-cbor of the terms, as the chain has them. */
  readonly terms: Uint8Array<ArrayBuffer>
}

/** An event of the market about a task, so that a role that begins later hears it too. */
export type StoredEvent = {
  /** `<block>:<log index>` */
  readonly id: string
  readonly task: Hex
  /** Ascends along the chain. */
  readonly order: number
  readonly event: Market.Event
}

/** A request to this account that waits until the chain and the network have its task. */
export type StoredRequest = { readonly id: Hex; readonly message: Message.Of<'request'> }

export type StoredTransaction = Transaction & {
  /** Its hash. */
  readonly id: string
  readonly task: Hex
  /** 0 where it belongs to none. */
  readonly round: number
}

export class Database extends Dexie {
  declare readonly machines: EntityTable<StoredMachine, 'id'>
  declare readonly cursors: EntityTable<StoredCursor, 'id'>
  declare readonly settings: EntityTable<StoredSetting, 'id'>
  declare readonly offers: EntityTable<StoredOffer, 'id'>
  declare readonly objects: EntityTable<StoredObject, 'id'>
  declare readonly backbones: EntityTable<StoredBackbone, 'id'>
  declare readonly tasks: EntityTable<StoredTask, 'id'>
  declare readonly events: EntityTable<StoredEvent, 'id'>
  declare readonly requests: EntityTable<StoredRequest, 'id'>
  declare readonly meters: EntityTable<Meter, 'id'>
  declare readonly transactions: EntityTable<StoredTransaction, 'id'>

  /** One database per market: another deployment starts empty. */
  constructor(name: string) {
    // Effects run once a state is stored. Chrome otherwise says so while it is still in memory, and a power cut would
    // bring back a state that does not know what it signed.
    super(name, { chromeTransactionDurability: 'strict' })
    this.version(1).stores({
      machines: 'id, task',
      cursors: 'id',
      settings: 'id',
      offers: 'id, own',
      objects: 'id',
      tasks: 'id',
      events: 'id, task',
      requests: 'id',
      meters: 'id, machine',
      transactions: 'id, task',
    })
    this.version(2).stores({ backbones: 'id' })
  }
}
