// What a member looks at before an update counts as sound: nothing else stands between it and the sum.
import { expect, test } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Once from '../../protocol/once.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Talk from '../../test/conversation.ts'
import * as EffectsOfMember from './effectsOfMember.ts'
import type { Participant } from './participant.ts'

const place = { chainId: 31_337, market: `0x${'6a'.repeat(20)}` } as const
const key = new Uint8Array(32).fill(7)
const [opened, cohorts] = [Talk.digest('opened'), Talk.digest('cohorts')]
const { task, terms, spec } = Talk
const participant: Participant = {
  id: 'a',
  task,
  role: 'compute',
  account: Talk.me('compute 0').account,
  spec,
  terms,
  dataSet: undefined,
}
const update = [ciphertext(1n), ciphertext(2n)]
const root = Ciphertext.root(update)

function ciphertext(first: bigint): Uint8Array<ArrayBuffer> {
  const words = BigUint64Array.from({ length: Ciphertext.bytes / 8 }, (_, i) => first + BigInt(i))
  return new Uint8Array(words.buffer)
}

function sign(statement: `0x${string}`, round = 1): `0x${string}` {
  return Eip712.sign(Once.digest(place, task, 'update', round, statement), key)
}

async function faultOf(change: Partial<Effect.Input>, found = update) {
  const kept: string[] = []
  const member = EffectsOfMember.make({
    place,
    crypto: { check: async (bytes: readonly Uint8Array[]) => ({ root: Ciphertext.root(bytes) }) } as never,
    meters: { add: () => undefined } as never,
    ciphertexts: async () => found,
    publish: async () => '',
    keep: (_job, _round, cid) => void kept.push(cid),
  })
  const signature = sign(Once.update(opened, cohorts, root))
  const input = { provider: 0, cid: 'cid', ciphertextRoot: root, signature, ...change }
  const result = await member.check(participant, {
    ...({ id: 'check', type: 'check', round: 1, opened, cohorts, input } as const),
    ...{ device: Eip712.addressOf(key), byteLength: 2 * Ciphertext.bytes },
  })
  return { fault: result.type === 'checked' ? result.fault : result.type, kept }
}

test('keeps an update that its provider signed for this opening and these cohorts', async () => {
  expect(await faultOf({})).toEqual({ fault: '', kept: ['cid'] })
})

test.each([
  ['other cohorts', sign(Once.update(opened, Talk.digest('others'), root))],
  ['another opening', sign(Once.update(Talk.digest('other'), cohorts, root))],
  ['another round', sign(Once.update(opened, cohorts, root), 2)],
  ['no view at all', sign(root)],
])('refuses one that was signed for %s', async (_, signature) => {
  const { fault, kept } = await faultOf({ signature })
  expect(fault).toContain('did not sign it for the cohorts of this round')
  expect(kept).toEqual([])
})

test.each([
  ['of another size', update.slice(1), 'bytes and claims'],
  ['with another root', [ciphertext(1n), ciphertext(3n)], 'do not have the root'],
])('refuses bytes %s', async (_, found, fault) => {
  const checked = await faultOf({}, found)
  expect(checked.fault).toContain(fault)
  expect(checked.kept).toEqual([])
})
