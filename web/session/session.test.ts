// A start that fails says why and can be tried again; nothing is rejected into the void.
import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { BaseError } from '../../protocol/errors.ts'
import * as Wallet from '../net/wallet.ts'
import * as Actions from './actions.ts'
import * as Environment from './environment.ts'
import * as Session from './session.ts'

function world(config: Environment.Environment['config']): Environment.Environment {
  return {
    config,
    startNetwork: () => expect.unreachable(),
    openVault: () => Promise.reject(new BaseError({ message: 'The vault is away.', advice: 'Reload.' })),
    startPulse: () => () => undefined,
    battery: () => Promise.resolve(undefined),
    wallets: Wallet.discover,
    locks: navigator.locks,
    base: undefined,
    now: () => 1_900_000_000,
  }
}

const config = {
  chainId: 31_337,
  market: `0x${'11'.repeat(20)}`,
  token: `0x${'22'.repeat(20)}`,
  deployBlock: 0,
  confirmations: 0,
  rpc: ['http://127.0.0.1:1'],
  relays: [],
  vaultOrigin: 'http://localhost:1',
  local: true,
} as const

test('a start without configuration fails with advice, and goes further when tried again', async () => {
  const answers = vi
    .fn<Environment.Environment['config']>()
    .mockRejectedValueOnce(new Environment.ConfigError('it answered 502'))
    .mockResolvedValue({ ...config, rpc: [...config.rpc], relays: [] })
  const session = Session.boot(world(answers))
  expect(session.snapshot().phase.name).toBe('starting')
  await expect(session.faucet()).rejects.toBeInstanceOf(Actions.NotReadyError)
  await vi.waitFor(() =>
    expect(session.snapshot().phase).toMatchObject({ problem: { name: 'Environment.ConfigError' } }),
  )
  const seen = vi.fn()
  session.subscribe(seen)
  await session.retry()
  expect(session.snapshot().phase).toMatchObject({
    name: 'failed',
    problem: { message: 'The vault is away.' },
  })
  await vi.waitFor(() => expect(seen).toHaveBeenCalled())
  await session.stop()
})

test('a second session of a profile waits for the first', async () => {
  const endless = () => new Promise<never>(() => undefined)
  const first = Session.boot(world(endless))
  await vi.waitFor(() =>
    expect(first.snapshot().phase).toMatchObject({ step: 'Reading which market this is' }),
  )
  const second = Session.boot(world(endless))
  await vi.waitFor(() => expect(second.snapshot().phase.name).toBe('elsewhere'))
  await expect(second.retry()).rejects.toBeInstanceOf(Session.ElsewhereError)
  await first.stop()
  await vi.waitFor(() => expect(second.snapshot().phase.name).toBe('starting'))
  await second.stop()
})
