// Connections to the relays: dialled at once, dialled again with growing pauses whenever one is lost.
import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { BaseError } from '../../protocol/errors.ts'
import * as Relay from '../../protocol/relay.ts'

const firstPause = 200
const longestPause = 4_000

export type Link = {
  readonly address: string
  connected(): boolean
  /** One request, one reply; throws when the relay does not answer within `timeout` milliseconds. */
  ask(request: Uint8Array, timeout: number): Promise<Uint8Array>
}
export type Links = ReturnType<typeof create>

export function create(libp2p: Libp2p, addresses: readonly string[], onConnected: (link: Link) => void) {
  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()))
  const lines = addresses.map((address) => open(address))
  /** Those who wait for any relay. */
  const waiting: (() => void)[] = []

  function open(address: string) {
    const target = multiaddr(address)
    let connection: Connection | undefined
    let wake = () => {}

    const link: Link = {
      address,
      connected: () => connection?.status === 'open',
      async ask(request, timeout) {
        if (connection?.status !== 'open') throw new UnreachableError(address)
        const current = connection
        try {
          return await exchange(current, request, AbortSignal.timeout(timeout))
        } catch (cause) {
          // A connection over which nothing comes back may be dead without knowing it.
          if (cause instanceof SilentError) current.abort(cause)
          throw new UnreachableError(address, cause)
        }
      },
    }

    async function keep(): Promise<void> {
      let pause = firstPause
      while (!stopping.signal.aborted) {
        try {
          connection = await libp2p.dial(target, {
            signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(30_000)]),
          })
          pause = firstPause
          const lost = new Promise<void>((resolve) => connection?.addEventListener('close', () => resolve()))
          onConnected(link)
          for (const resume of waiting.splice(0)) resume()
          if (connection.status === 'open') await Promise.race([lost, stopped])
        } catch {
          // The relay is away; the pause below says when to look again.
        }
        connection = undefined
        const rested = new Promise<void>((resolve) => {
          wake = resolve
          setTimeout(resolve, pause * (0.75 + Math.random() / 2))
        })
        await Promise.race([rested, stopped])
        pause = Math.min(pause * 2, longestPause)
      }
    }

    return { link, kept: keep(), wake: () => wake() }
  }

  return {
    all: lines.map(({ link }) => link),
    connected: () => lines.map(({ link }) => link).filter((link) => link.connected()),
    /** Looks for lost relays now, for example because the device is online again. */
    hurry: () => lines.forEach(({ wake }) => wake()),
    /** The connected relays; waits for the first one up to `deadline` (milliseconds since 1970). */
    async some(deadline: number): Promise<readonly Link[]> {
      for (;;) {
        const connected = lines.map(({ link }) => link).filter((link) => link.connected())
        if (connected.length > 0) return connected
        const left = deadline - Date.now()
        if (left <= 0 || stopping.signal.aborted) throw new UnreachableError(addresses.join(', '))
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
          setTimeout(resolve, Math.min(left, 1_000))
        })
      }
    },
    async stop(): Promise<void> {
      stopping.abort()
      waiting.splice(0).forEach((resume) => resume())
      await Promise.all(lines.map(({ kept }) => kept))
    },
  }
}

async function exchange(
  connection: Connection,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const stream = await connection.newStream(Relay.protocol, { signal })
  const giveUp = () => stream.abort(new SilentError())
  signal.addEventListener('abort', giveUp)
  try {
    const reply = Relay.readFrame(stream, Relay.limits.replyBytes)
    stream.send(Relay.frame(request))
    const [answer] = await Promise.all([reply, stream.close({ signal })])
    return answer
  } catch (error) {
    if (signal.aborted) throw new SilentError(error)
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

class SilentError extends BaseError {
  override readonly name = 'Links.SilentError'
  constructor(cause?: unknown) {
    super({
      message: 'The relay did not answer in time.',
      advice: 'Wait: the app tries again by itself.',
      cause,
    })
  }
}

export class UnreachableError extends BaseError {
  override readonly name = 'Links.UnreachableError'
  constructor(address: string, cause?: unknown) {
    super({
      message: `No answer from relay ${address}.`,
      advice: 'Check the connection. The app keeps trying; what you did so far is kept on this device.',
      cause,
    })
  }
}
