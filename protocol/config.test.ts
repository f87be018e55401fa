import { expect, test } from 'vitest'
import * as Config from './config.ts'

const peer = '12D3KooWGYLPqkoLNCNYKzkPRu6aTJFYk9vMs29HyCRWJPqK2Rvb'
const good = {
  chainId: 31337,
  market: `0x${'Aa'.repeat(20)}`,
  token: `0x${'bb'.repeat(20)}`,
  deployBlock: 1,
  confirmations: 0,
  rpc: ['/rpc', 'https://rpc.example/key'],
  relays: [
    `/ip4/127.0.0.1/tcp/8082/ws/p2p/${peer}`,
    `/dns4/relay.example/tcp/443/tls/ws/p2p/${peer}`,
    `/ip6/::1/tcp/8082/ws/p2p/${peer}`,
    `/dns/relay.example/tcp/443/wss/p2p/${peer}`,
  ],
  vaultOrigin: 'http://localhost:8081',
  local: true,
}

test('a configuration is read, addresses in lower case', () => {
  const config = Config.parse(JSON.stringify(good))
  expect(config).toEqual({ ...good, market: good.market.toLowerCase() })
})

test('relay origins are what a page must be allowed to connect to', () => {
  expect(Config.relayOrigins(good)).toEqual([
    'ws://127.0.0.1:8082',
    'wss://relay.example:443',
    'ws://[::1]:8082',
    'wss://relay.example:443',
  ])
})

test.each([
  ['no relay', { ...good, relays: [] }],
  ['a relay without a peer id', { ...good, relays: ['/ip4/127.0.0.1/tcp/8082/ws'] }],
  ['an endpoint that is a script', { ...good, rpc: ['javascript:alert(1)'] }],
  ['an endpoint on another host in disguise', { ...good, rpc: ['//evil.example'] }],
  ['a vault origin with a path', { ...good, vaultOrigin: 'http://localhost:8081/x' }],
  ['an unknown field', { ...good, extra: 1 }],
])('%s is refused', (_name, wrong) => {
  expect(() => Config.parse(JSON.stringify(wrong))).toThrow('configuration is malformed')
})

test('text that is not JSON is refused', () => {
  expect(() => Config.parse('<html>')).toThrow('not JSON')
})
