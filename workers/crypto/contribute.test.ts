// A data provider makes its masks once and its update once, whatever it is asked and wherever it crashes.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'
import * as Parties from '../../test/parties.ts'
import type { Crypto as Api } from './api.ts'
import * as Contribute from './contribute.ts'
import * as Crypto from './crypto.ts'
import * as Masking from './masking.ts'
import * as Records from './records.ts'
import type { Safe } from './safe.ts'

const { brief, silent, task, placeOf, opened, version, versions } = Parties
const other: Hex = `0x${'ff'.repeat(32)}`
let setting: Parties.Setting
let provider: Parties.Party

beforeEach(async () => {
  const [owner, ...rest] = await Parties.committee(6)
  setting = { owner: owner!, providers: rest.slice(0, 3), members: rest.slice(3), threshold: 2 }
  provider = setting.providers[0]!
})
afterEach(Parties.close)

test('masks are the same bytes when asked again, also after a restart, and none for another opening', async () => {
  const { masks, keys } = await Parties.begun(setting)
  const { account } = provider.identity
  const request = { ...version, place: placeOf(), opened, account, members: keys, threshold: 2 }
  expect(await provider.api.ready(request)).toEqual(masks[0])
  const restarted = await Parties.party(provider.name)
  expect(await restarted.api.ready({ ...request, members: keys.slice(1) })).toEqual(masks[0])
  await expect(restarted.api.ready({ ...request, opened: other })).rejects.toThrow(Masking.ConflictError)
  await expect(restarted.api.ready({ ...request, account: other })).rejects.toThrow(Masking.ConflictError)
  const next = await restarted.api.ready({ ...request, place: placeOf(2) })
  expect(next.ephemeral).not.toBe(masks[0]?.ephemeral)
  const both = await Promise.all(
    [provider, restarted].map(({ api }) => api.ready({ ...request, place: placeOf(3) })),
  )
  expect(both[1]).toEqual(both[0])
})

test('asked again, a contribution is the same bytes, also after a restart, and trains once', async () => {
  const { requestOf } = await Parties.begun(setting)
  const request = requestOf(0)
  const [first, second] = await Promise.all([
    provider.api.contribute(request, silent),
    provider.api.contribute(request, silent),
  ])
  expect(brief(second)).toEqual(brief(first))
  expect(provider.seen.trainings).toBe(1)
  const restarted = await Parties.party(provider.name)
  expect(brief(await restarted.api.contribute(request, silent))).toEqual(brief(first))
  expect(restarted.seen.trainings).toBe(0)
  expect(await restarted.api.check(first.ciphertexts)).toEqual({ root: first.root })
})

test('one round never gets two updates from a device', async () => {
  const { requestOf } = await Parties.begun(setting)
  const request = requestOf(0)
  const changed = { ...request, cohorts: other }
  await provider.api.contribute(request, silent)
  await expect(provider.api.contribute(changed, silent)).rejects.toThrow(Contribute.ConflictError)
  await expect(provider.api.contribute({ ...request, opened: other }, silent)).rejects.toThrow(
    Contribute.ConflictError,
  )
  expect(provider.seen.trainings).toBe(1)

  const twice = setting.providers[1]!
  const answers = await Promise.allSettled([
    twice.api.contribute(requestOf(1), silent),
    twice.api.contribute({ ...requestOf(1), cohorts: other }, silent),
  ])
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect(twice.seen.trainings).toBe(1)
})

test('a crash between storing and publishing leaves one update, which is all that is ever shown', async () => {
  const { requestOf } = await Parties.begun(setting)
  const request = requestOf(0)
  await expect(crashing(provider, 'after').contribute(request, silent)).rejects.toThrow('crashed')
  const stored = await provider.safe.get(Records.updates.id(task, 1))
  const { ciphertexts } = Records.updates.decode(stored!)

  const restarted = await Parties.party(provider.name)
  const changed = { ...request, cohorts: other, peers: [...request.peers].reverse() }
  await expect(restarted.api.contribute(changed, silent)).rejects.toThrow(Contribute.ConflictError)
  const shown = await restarted.api.contribute(request, silent)
  expect(brief(shown)).toEqual(brief({ ...shown, ciphertexts }))
  expect(restarted.seen.trainings).toBe(0)
})

test('a crash before storing leaves nothing, and masks that can be used once', async () => {
  const { requestOf, secrets } = await Parties.begun(setting)
  expect(secrets[0]?.seed.length).toBe(32)
  const request = requestOf(0)
  await expect(crashing(provider, 'before').contribute(request, silent)).rejects.toThrow('crashed')
  expect(await provider.safe.get(Records.updates.id(task, 1))).toBeUndefined()
  const { root } = await provider.api.contribute(request, silent)

  const spent = Records.maskings.decode((await provider.safe.get(Records.maskings.id(task, 1)))!)
  expect(spent.secrets).toBeNull()
  await provider.safe.remove([Records.updates.id(task, 1)])
  await expect(provider.api.contribute(request, silent)).rejects.toThrow(Masking.ForgottenError)
  expect(root).toMatch(/^0x/)
})

test('two tabs that make an update at once show the same one', async () => {
  const { requestOf } = await Parties.begun(setting)
  const tabs = await Promise.all([Parties.party(provider.name), Parties.party(provider.name)])
  const [one, two] = await Promise.all(tabs.map(({ api }) => api.contribute(requestOf(0), silent)))
  expect(brief(two)).toEqual(brief(one))
})

test('nothing is made without masks, or in a cohort that would not hide it', async () => {
  const { requestOf, peers } = await Parties.begun(setting)
  const request = requestOf(0)
  const refused = async (change: Partial<typeof request>, error: new (...given: never[]) => Error) => {
    await expect(provider.api.contribute({ ...request, ...change }, silent)).rejects.toThrow(error)
  }
  const [own, first, second] = peers
  await refused({ place: placeOf(2) }, Masking.UnreadyError)
  await refused({ opened: other }, Masking.ConflictError)
  await refused({ peers: peers.slice(0, 2) }, Masking.AloneError)
  await refused({ peers: [own!, first!, first!] }, Masks.KeyError)
  await refused({ peers: [own!, first!, { ...first!, ephemeral: second!.ephemeral }] }, Masking.AloneError)
  await refused({ peers: [own!, first!, { ...second!, ephemeral: first!.ephemeral }] }, Masks.KeyError)
  await refused({ peers: [own!, first!, { ...second!, ephemeral: own!.ephemeral }] }, Masks.KeyError)
  await refused({ peers: [own!, first!, { ...second!, ephemeral: `0x${'00'.repeat(32)}` }] }, Masks.KeyError)
  await refused({ peers: [{ ...own!, ephemeral: other }, first!, second!] }, Masks.KeyError)
  expect(provider.seen.trainings).toBe(0)
  expect((await provider.api.contribute({ ...request, peers: peers.slice(1) }, silent)).samples).toBe(50)
})

test('a provider trains only the model that was committed to, and only if it was sealed to it', async () => {
  const { requestOf, opening } = await Parties.begun(setting)
  const request = requestOf(0)
  const elsewhere = await Parties.prepared(setting.owner, setting.providers.slice(1), 2)
  const { sealedModel } = elsewhere
  await expect(provider.api.contribute({ ...request, sealedModel }, silent)).rejects.toThrow(
    SealedModel.RecipientError,
  )
  const wrong = { ...request, modelHash: other }
  await expect(provider.api.contribute(wrong, silent)).rejects.toThrow(SealedModel.HashError)
  expect(provider.seen.trainings).toBe(0)
  const cut = { ...request, publicKey: opening.publicKey.slice(1) }
  await expect(provider.api.contribute(cut, silent)).rejects.toThrow('public key is malformed')
  expect((await provider.api.contribute(request, silent)).samples).toBe(50)
})

test('a round that is forgotten leaves no secret and no update, and is not begun again', async () => {
  const { requestOf, keys, masks } = await Parties.begun(setting)
  const { api, safe, identity } = provider
  await api.contribute(requestOf(0), silent)
  await setting.providers[1]!.api.forget({ task, round: 1 })
  await expect(setting.providers[1]!.api.contribute(requestOf(1), silent)).rejects.toThrow(
    Masking.ForgottenError,
  )
  for (let times = 0; times < 2; times++) await api.forget({ task, round: 1 })
  expect(await safe.ids(Records.updates.prefix)).toEqual([])
  await expect(api.contribute(requestOf(0), silent)).rejects.toThrow(Masking.ForgottenError)
  const request = {
    ...version,
    place: placeOf(),
    opened,
    account: identity.account,
    members: keys,
    threshold: 2,
  }
  expect(await api.ready(request)).toEqual(masks[0])
})

/** The device, whose safe crashes at the first record that it is to create. */
function crashing({ safe, name }: Parties.Party, when: 'before' | 'after'): Pick<Api, 'contribute'> {
  const create: Safe['create'] = async (records) => {
    if (when === 'after') await safe.create(records)
    throw new Error('crashed')
  }
  return Crypto.create({
    safe: async () => ({ ...safe, create }),
    seal: Parties.seal,
    versions,
    train: async () => ({
      train: async ({ weights }) => {
        const moved = weights.map((weight, i) => weight + Parties.change(name, i))
        return { weights: moved, loss: 0.5, samples: 50, seconds: 1, backend: 'cpu', notice: '' }
      },
    }),
    score: async () => Promise.reject(new Error('no scoring here')),
  })
}
