// One request in, one reply out: reads a framed request from a stream, asks the part concerned, answers in kind.
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import * as Codec from '../protocol/codec.ts'
import * as Envelope from '../protocol/envelope.ts'
import * as Relay from '../protocol/relay.ts'
import type { Rates } from './admission.ts'

/** What answers each kind of request. */
export type Desk = {
  readonly [kind in Relay.Kind]: (
    request: Relay.RequestOf<kind>,
    peer: PeerId,
  ) => Relay.ReplyOf<kind> | Promise<Relay.ReplyOf<kind>>
}

type Parts = { readonly desk: Desk; readonly rates: Rates; readonly log: (line: string) => void }

/** A stream handler; whatever a peer sends, it answers or closes, and never throws. */
export function handler({
  desk,
  rates,
  log,
}: Parts): (stream: Stream, connection: Connection) => Promise<void> {
  return async (stream, { remotePeer }) => {
    try {
      // A slow sender is cut off by time, a fast one by size.
      const overdue = setTimeout(() => stream.abort(new Error('the request took too long')), 30_000)
      let reply: Uint8Array
      try {
        const encoded = await Relay.readFrame(stream, Relay.limits.requestBytes)
        clearTimeout(overdue)
        const request = Relay.decodeRequest(encoded)
        await rates.take(request.kind, remotePeer.toString())
        reply = await answer(desk, request, remotePeer)
      } catch (error) {
        reply = Relay.encodeFailure(failureOf(error, log))
      } finally {
        clearTimeout(overdue)
      }
      stream.send(Relay.frame(reply))
      await stream.close({ signal: AbortSignal.timeout(60_000) })
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

async function answer(desk: Desk, request: Relay.Request, peer: PeerId): Promise<Uint8Array> {
  switch (request.kind) {
    case 'post':
      return Relay.encodeReply('post', await desk.post(request, peer))
    case 'history':
      return Relay.encodeReply('history', await desk.history(request, peer))
    case 'pin':
      return Relay.encodeReply('pin', await desk.pin(request, peer))
    case 'sponsor':
      return Relay.encodeReply('sponsor', await desk.sponsor(request, peer))
    case 'faucet':
      return Relay.encodeReply('faucet', await desk.faucet(request, peer))
    case 'status':
      return Relay.encodeReply('status', await desk.status(request, peer))
    default:
      return request satisfies never
  }
}

function failureOf(error: unknown, log: (line: string) => void): Relay.Failure {
  if (error instanceof Relay.RefusedError) return error.failure
  if (error instanceof Relay.OversizeError || error instanceof Envelope.OversizeError) {
    return { code: 'tooLarge', message: error.message, advice: error.advice }
  }
  if (error instanceof Envelope.ForeignError) {
    return { code: 'wrongTopic', message: error.message, advice: error.advice }
  }
  if (error instanceof Codec.MalformedError) {
    return { code: 'malformed', message: error.message, advice: error.advice }
  }
  log(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return {
    code: 'internal',
    message: 'This relay failed to answer.',
    advice: 'Try again, or use another relay.',
  }
}
