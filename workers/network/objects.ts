// Blocks in and out: kept on this device first, then pinned by relays; fetched, verified and bounded.
import type { Helia } from '@helia/interface'
import type { BaseBlockstore } from 'blockstore-core'
import { CID } from 'multiformats/cid'
import * as Codec from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Relay from '../../protocol/relay.ts'
import type { Link, Links } from './links.ts'

/** Milliseconds. */
const pinTimeout = 90_000
const firstAttempt = 5_000
/** Blocks fetched at once, so that a slow line finishes some of them. */
const parallel = 12
/** Relays that are asked to keep a block. */
const copies = 2

export type Block = { readonly codec: 'dag-cbor' | 'raw'; readonly bytes: Uint8Array }

type Parts = {
  readonly helia: Helia
  readonly blocks: BaseBlockstore
  readonly links: Links
  /** Milliseconds. */
  readonly patience: { readonly put: number; readonly get: number }
}

export function create({ helia, blocks, links, patience }: Parts) {
  let fetching = 0
  const queue: (() => void)[] = []

  async function pinAt(link: Link, task: Codec.Hex, cids: readonly CID[]): Promise<void> {
    for (let i = 0; i < cids.length; i += Relay.limits.pinBlocks) {
      const request = Relay.encodeRequest({
        kind: 'pin',
        task,
        cids: cids.slice(i, i + Relay.limits.pinBlocks),
      })
      Relay.decodeReply('pin', await link.ask(request, pinTimeout))
    }
  }

  async function fetch(cid: CID, deadline: number): Promise<Uint8Array> {
    for (let attempt = firstAttempt; ; attempt *= 2) {
      await links.some(deadline)
      const signal = AbortSignal.timeout(Math.max(1, Math.min(attempt, deadline - Date.now())))
      try {
        for await (const bytes of helia.blockstore.get(cid, { signal })) return bytes
      } catch (cause) {
        // The device has no room for it: trying again would not help.
        if (cause instanceof BaseError) throw cause
        if (Date.now() >= deadline) throw new MissingError(cid.toString(), cause)
      }
      // Bitswap forgets a given-up want only after telling its peers; a want before that would be lost.
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
  }

  return {
    async put(task: Codec.Hex, contents: readonly Block[]): Promise<readonly string[]> {
      const cids: CID[] = []
      for (const { codec, bytes } of contents) {
        if (bytes.length > Relay.limits.blockBytes)
          throw new OversizeError(bytes.length, Relay.limits.blockBytes)
        const cid = codec === 'raw' ? Codec.cidOfRaw(bytes) : Codec.cidOf(bytes)
        await blocks.put(cid, bytes)
        cids.push(cid)
      }
      if (cids.length > 0)
        await retry(links, Date.now() + patience.put, copies, (link) => pinAt(link, task, cids))
      return cids.map((cid) => cid.toString())
    },

    /** `local` is true when the block was on this device already. */
    async get(id: string, maximumBytes: number): Promise<{ bytes: Uint8Array; local: boolean }> {
      const cid = parse(id)
      const local = await blocks.has(cid)
      while (!local && fetching >= parallel) await new Promise<void>((resolve) => queue.push(resolve))
      if (!local) fetching += 1
      try {
        const bytes = local ? await read(blocks, cid) : await fetch(cid, Date.now() + patience.get)
        if (bytes.length > maximumBytes) throw new OversizeError(bytes.length, maximumBytes)
        return { bytes, local }
      } finally {
        if (!local) fetching -= 1
        queue.shift()?.()
      }
    },
  }
}

/**
 * Runs an action at connected relays, `copies` at a time, until it worked at one; throws when every relay refused for
 * a reason that time does not cure, or when time is up.
 */
export async function retry<T>(
  links: Links,
  deadline: number,
  copies: number,
  action: (link: Link) => Promise<T>,
): Promise<T> {
  for (let pause = 200; ; pause = Math.min(pause * 2, 2_000)) {
    const causes: unknown[] = []
    const connected = await links.some(deadline)
    for (let i = 0; i < connected.length; i += copies) {
      const outcomes = connected.slice(i, i + copies).map((link) => action(link))
      try {
        return await Promise.any(outcomes)
      } catch (error) {
        const each: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
        causes.push(...each)
      }
    }
    const waits = causes.map((cause) => {
      if (!(cause instanceof Relay.RefusedError)) return 0
      return cures.has(cause.failure.code) ? (cause.failure.retryAfter ?? 1) * 1000 : Infinity
    })
    const wait = Math.max(pause, Math.min(...waits))
    if (Date.now() + wait >= deadline) throw causes[0]
    await new Promise((resolve) => setTimeout(resolve, wait))
  }
}

/** Refusals that pass with time. */
const cures: ReadonlySet<Relay.Code> = new Set([
  'rateLimited',
  'blockUnavailable',
  'chainUnreachable',
  'internal',
])

function parse(id: string): CID {
  let cid: CID
  try {
    cid = CID.parse(id)
  } catch (cause) {
    throw new Codec.MalformedError('CID', `${id.slice(0, 80)} is none`, cause)
  }
  if (!Relay.isStorable(cid)) throw new Codec.MalformedError('CID', 'expected raw or dag-cbor under sha2-256')
  return cid
}

async function read(blocks: BaseBlockstore, cid: CID): Promise<Uint8Array> {
  for await (const bytes of blocks.get(cid)) return bytes
  throw new MissingError(cid.toString())
}

export class MissingError extends BaseError {
  override readonly name = 'Objects.MissingError'
  constructor(cid: string, cause?: unknown) {
    super({
      message: `Nobody connected has the object ${cid}.`,
      advice: 'Try again when its owner or a relay that keeps it is online.',
      cause,
    })
  }
}

export class OversizeError extends BaseError {
  override readonly name = 'Objects.OversizeError'
  constructor(bytes: number, maximumBytes: number) {
    super({
      message: `This object has ${bytes} bytes; at most ${maximumBytes} are allowed here.`,
      advice: 'It was not used. If another party published it, that party is faulty.',
    })
  }
}
