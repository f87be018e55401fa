import { keccak_256 } from '@noble/hashes/sha3.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import * as fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import * as Body from './body.ts'
import * as Codec from './codec.ts'
import type { Address, Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'
import * as Envelope from './envelope.ts'
import * as Masks from './masks.ts'
import * as Message from './message.ts'
import * as Offer from './offer.ts'
import * as Once from './once.ts'
import * as Record from './record.ts'
import * as Terms from './terms.ts'

const secrets = { account: keccak_256(utf8ToBytes('account')), device: keccak_256(utf8ToBytes('device')) }
const account = Eip712.addressOf(secrets.account)
const device = Eip712.addressOf(secrets.device)
const place = { chainId: 31337, market: `0x${'a1'.repeat(20)}` } as const
const task: Hex = `0x${'01'.repeat(32)}`
const digest: Hex = `0x${'0c'.repeat(32)}`
const signature: Hex = `0x${'0d'.repeat(65)}`
const cid = Codec.cidOf(Codec.encode('an object')).toString()
const sender: Message.Sender = {
  account,
  signAsAccount: ({ digest: asked }) => Eip712.sign(asked, secrets.account),
  signAsDevice: (asked) => Eip712.sign(asked, secrets.device),
}
const offer: Offer.DataOffer = {
  account,
  schemaId: digest,
  quality: 8000,
  samples: 1500,
  dataSignature: digest,
  token: place.market,
  floor: 10n ** 18n,
  device,
  box: digest,
  expires: 2_000_000_000,
}
const compute: Offer.ComputeOffer = {
  account,
  adapter: 'a card',
  training: 900,
  matmul: 9000,
  additions: 12_000,
  hours: 0xff_ffff,
  token: place.market,
  price: 12n,
  device,
  box: digest,
  expires: 2_000_000_000,
}
const terms: Terms.Terms = {
  modelProvider: account,
  opener: device,
  token: place.market,
  plan: 'equal',
  referee: Terms.noAddress,
  dataPool: 10n ** 24n,
  computePool: 10n ** 20n,
  bond: 5n,
  computeBond: 7n,
  disputeBond: 0n,
  specHash: digest,
  schemaId: digest,
  salt: digest,
  words: 2048,
  sampleCap: 1000,
  unitsPerSignature: 10,
  roundsPerEpoch: 3,
  invited: Terms.noHash,
  idleWindow: 86_400,
  challengeWindow: 86_400,
  startBy: 1_900_000_000,
  minQuality: 100,
  minDatas: 3,
  maxDatas: 100,
  minComputes: 2,
  maxComputes: 2,
  threshold: 2,
  minCohort: 3,
  maxCohorts: 1,
  maxRounds: 9,
  paidRounds: 6,
  jobKilounits: 12,
}
const party = { account, payee: account, device, box: digest }
const record: Record.Record = {
  round: 3,
  closes: 1_900_000_000,
  opened: digest,
  cohortsDigest: digest,
  aggregator: 1,
  delivered: (1n << 200n) | 7n,
  survivors: 7n,
  cohorts: [(1n << 200n) | 7n],
  jobs: (1n << 256n) - 1n,
  sums: digest,
  openerSignature: signature,
}
const anything = v.record(v.string(), v.unknown())
const inRound = { task, round: 3, slot: 0 }
const before = { task, round: 0, slot: 0 }
const dataParty = { ...party, floor: 1n, samples: 9, quality: 100, compute: 1, dataSignature: digest }
const low: Address = `0x${'00'.repeat(19)}01`

const drafts: { readonly [kind in Body.Kind]: Extract<Message.Draft, { readonly kind: kind }> } = {
  dataOffer: { ...before, kind: 'dataOffer', task: Envelope.noTask, body: { offer } },
  computeOffer: { ...before, kind: 'computeOffer', task: Envelope.noTask, body: { offer: compute } },
  taskAnnounced: { ...before, kind: 'taskAnnounced', body: { terms } },
  request: { ...before, kind: 'request', body: { to: low, offer: digest, among: [low, account] } },
  decline: { ...before, kind: 'decline', body: {} },
  nomination: { ...before, kind: 'nomination', body: { compute: low } },
  roster: { ...before, kind: 'roster', body: { datas: [low, account], computes: [low] } },
  dataAcceptance: { ...before, kind: 'dataAcceptance', body: { committee: digest, party: dataParty } },
  computeAcceptance: { ...before, kind: 'computeAcceptance', body: { party: { ...party, price: 3n } } },
  roundOpened: {
    ...inRound,
    kind: 'roundOpened',
    body: {
      epoch: 0,
      modelHash: digest,
      model: cid,
      publicKey: cid,
      readyBy: 10,
      updatesBy: 20,
      closes: 30,
      discarded: [{ round: 1, cohorts: [0, 2] }],
    },
  },
  sealingKey: { ...before, kind: 'sealingKey', slot: 2, body: { epoch: 2, key: digest } },
  ready: { ...inRound, kind: 'ready', body: { opened: digest, masks: masks(1) } },
  cohorts: { ...inRound, kind: 'cohorts', body: { opened: digest, cohorts: [[low, account]] } },
  encryptedUpdate: {
    ...inRound,
    kind: 'encryptedUpdate',
    body: { opened: digest, cohorts: digest, cid, ciphertextRoot: digest, byteLength: 65_536 },
  },
  receipt: { ...inRound, kind: 'receipt', body: { update: digest, account: low } },
  recordProposed: {
    ...inRound,
    kind: 'recordProposed',
    body: {
      record,
      inputs: [{ provider: 2, cid, ciphertextRoot: digest, signature }],
      sums: [{ cid, root: digest }],
    },
  },
  recordSigned: { ...inRound, kind: 'recordSigned', body: { record: digest } },
  unmask: {
    ...inRound,
    kind: 'unmask',
    body: { record: digest, shares: [share(low, 'seed'), share(account, 'key')] },
  },
  opened: {
    ...inRound,
    kind: 'opened',
    body: { record: digest, sums: [digest], model: digest, accuracy: 9123 },
  },
}

function masks(seats: number): Body.Of<'ready'>['masks'] {
  const sealed: Hex = `0x${'0e'.repeat(Masks.sealedBytes)}`
  const shares = Array.from({ length: seats }, (_, seat) => ({
    seat,
    keyHash: digest,
    seedHash: digest,
    key: sealed,
    seed: sealed,
  }))
  return { ephemeral: digest, seedHash: digest, shares }
}

function share(provider: Address, kind: 'seed' | 'key'): Body.Of<'unmask'>['shares'][number] {
  return { provider, kind, share: `0x${'05'.repeat(33)}`, salt: digest }
}

test('exports', () => {
  expect(Object.keys(Message)).toMatchInlineSnapshot(`
    [
      "seal",
      "toCountersign",
      "compose",
      "open",
      "digests",
    ]
  `)
  expect(Object.keys(Body)).toMatchInlineSnapshot(`
    [
      "bodies",
      "kinds",
      "read",
      "encode",
    ]
  `)
})

const bytes32 = new Uint8Array(32).fill(9)
const wireMasks = { ephemeral: bytes32, seedHash: bytes32 }
const sealed = new Uint8Array(Masks.sealedBytes)
const wireShare = { seat: 0, keyHash: bytes32, seedHash: bytes32, key: sealed, seed: sealed }
const wireUnmask = (kind: string) => ({
  provider: low,
  kind,
  share: new Uint8Array(Masks.shareBytes),
  salt: bytes32,
})

/** The message with its envelope or body changed by hand, signed again by the device. */
async function forged(
  draft: Message.Draft,
  change: { readonly body?: object; readonly envelope?: Partial<Envelope.Unsigned> },
): Promise<Uint8Array> {
  const envelope = Envelope.decode(await Message.seal(place, draft, sender))
  const wire = Codec.decode(anything, envelope.body, 'body')
  const body = Codec.encode({ ...wire, ...change.body })
  const changed = { ...envelope, ...change.envelope, body }
  return Envelope.encode({ ...changed, signature: Eip712.sign(Envelope.digest(changed), secrets.device) })
}

describe('a message', () => {
  test.each(Body.kinds)('of kind %s comes back as it was said, with its sender and device', async (kind) => {
    const draft = drafts[kind]
    const read = Message.open(await Message.seal(place, draft, sender), place, Eip712.recover)
    const { body, ...head } = read
    expect(head).toMatchObject({ kind, task: draft.task, round: draft.round, sender: account, device })
    expect(body).toMatchObject(draft.body)
  })

  test('is sealed to the same bytes every time', async () => {
    for (const draft of Object.values(drafts))
      expect(await Message.seal(place, draft, sender)).toEqual(await Message.seal(place, draft, sender))
  })

  test('has the digests that its sender knew beforehand', async () => {
    const { encryptedUpdate } = drafts
    const read = Message.open(await Message.seal(place, encryptedUpdate, sender), place, Eip712.recover)
    const { digest: whole, bodyDigest } = read
    expect(Message.digests(place, account, encryptedUpdate)).toEqual({ digest: whole, bodyDigest })
  })

  test('of a round carries the statement that the contract checks', async () => {
    const read = Message.open(await Message.seal(place, drafts.recordSigned, sender), place, Eip712.recover)
    const statement = Once.digest(place, task, 'record', 3, digest)
    expect(Eip712.recover(statement, read.once ?? '0x')).toBe(device)
  })

  test.each<[string, Body.Kind, object, string]>([
    [
      'a list out of order',
      'roster',
      { computes: [account, low] },
      'computes: expected accounts in strictly ascending order',
    ],
    [
      'an account twice',
      'cohorts',
      { cohorts: [[low, low]] },
      'cohorts.0: expected accounts in strictly ascending order',
    ],
    ['no CID', 'encryptedUpdate', { cid: 'Qm' }, 'cid: expected a CID'],
    ['a negative time', 'roundOpened', { closes: -1 }, 'closes: expected 0 or more'],
    [
      'discarded sums of rounds out of order',
      'roundOpened',
      { discarded: [2, 1].map((round) => ({ round, cohorts: [0] })) },
      'discarded: expected rounds in strictly ascending order',
    ],
    [
      'the same discarded sum twice',
      'roundOpened',
      { discarded: [{ round: 1, cohorts: [0, 0] }] },
      'discarded.0.cohorts: expected cohorts in strictly ascending order',
    ],
    [
      'a round of which no sum was discarded',
      'roundOpened',
      { discarded: [{ round: 1, cohorts: [] }] },
      'discarded.0.cohorts: expected a cohort',
    ],
    [
      'a key of low order',
      'sealingKey',
      { key: new Uint8Array(32) },
      'key: expected a key that protects something',
    ],
    ['no shares', 'ready', { masks: { ...wireMasks, shares: [] } }, 'masks.shares: expected a share'],
    [
      'two shares for one seat',
      'ready',
      { masks: { ...wireMasks, shares: [wireShare, wireShare] } },
      'masks.shares: expected seats in strictly ascending order',
    ],
    [
      'both shares of one provider',
      'unmask',
      { shares: [wireUnmask('key'), wireUnmask('seed')] },
      'shares: expected accounts in strictly ascending order',
    ],
    ['another kind of share', 'unmask', { shares: [wireUnmask('both')] }, 'kind: expected seed or key'],
    ['an accuracy above one', 'opened', { accuracy: 10_001 }, 'accuracy: expected at most 10,000'],
    ['a short digest', 'receipt', { update: '0x00' }, 'update: expected 32 bytes in lower-case hexadecimal'],
    ['something else', 'decline', { why: 'not now' }, 'why: Invalid key'],
  ])('with %s is refused by the name of the field', async (_, kind, body, message) => {
    const bytes = await forged(drafts[kind], { body })
    expect(() => Message.open(bytes, place, Eip712.recover)).toThrow(message)
  })

  test('of an unknown kind is refused', async () => {
    const bytes = await forged(drafts.decline, { envelope: { kind: 'gossip' } })
    expect(() => Message.open(bytes, place, Eip712.recover)).toThrow('kind: gossip is not known')
  })

  test('of another market is refused', async () => {
    const bytes = await Message.seal({ ...place, chainId: 1 }, drafts.decline, sender)
    expect(() => Message.open(bytes, place, Eip712.recover)).toThrow(Envelope.ForeignError)
  })

  test('that binds an account is refused without the signature of that account', async () => {
    const bytes = await Message.seal(place, drafts.dataAcceptance, {
      ...sender,
      signAsAccount: ({ digest: asked }) => Eip712.sign(asked, secrets.device),
    })
    expect(() => Message.open(bytes, place, Eip712.recover)).toThrow(Envelope.SignatureError)
  })

  test('that binds an account to a task is refused under another task', async () => {
    const bytes = await forged(drafts.dataAcceptance, { envelope: { task: digest } })
    expect(() => Message.open(bytes, place, Eip712.recover)).toThrow(Envelope.SignatureError)
  })

  test('that names another device than the one that signed is refused', async () => {
    const bytes = await Message.seal(
      place,
      { ...drafts.dataOffer, body: { offer: { ...offer, device: low } } },
      sender,
    )
    expect(() => Message.open(bytes, place, Eip712.recover)).toThrow(Envelope.SignatureError)
  })

  test('of a round is refused with the statement of another round', async () => {
    const bytes = await forged(drafts.recordSigned, { envelope: { round: 4 } })
    expect(() => Message.open(bytes, place, Eip712.recover)).toThrow(Envelope.SignatureError)
  })

  test('of a round is refused without its statement', async () => {
    const { finish, digest: asked } = Message.compose(place, account, drafts.recordSigned, '0x')
    const bytes = finish(Eip712.sign(asked, secrets.device), undefined)
    expect(() => Message.open(bytes, place, Eip712.recover)).toThrow('once: expected a signature')
  })

  test('with the largest record there can be fits an envelope', () => {
    const inputs = Array.from({ length: 239 }, (_, provider) => ({
      provider,
      cid,
      ciphertextRoot: digest,
      signature,
    }))
    const body = { record, inputs, sums: [{ cid, root: digest }] }
    const { finish } = Message.compose(place, account, { ...drafts.recordProposed, body }, '0x')
    expect(finish(signature, undefined).length).toBeLessThan(Envelope.maximumBytes)
  })

  test('with masks for the largest committee, and shares of the most providers, fit an envelope', () => {
    const ready = { ...drafts.ready, body: { opened: digest, masks: masks(16) } }
    const providers = Array.from(
      { length: 239 },
      (_, at): Address => `0x${(at + 1).toString(16).padStart(40, '0')}`,
    )
    const shares = providers.map((provider) => share(provider, 'key'))
    for (const draft of [ready, { ...drafts.unmask, body: { record: digest, shares } }])
      expect(Message.compose(place, account, draft, '0x').finish(signature, undefined).length).toBeLessThan(
        Envelope.maximumBytes,
      )
  })

  test('with any byte changed is refused or of another device', async () => {
    const bytes = await Message.seal(place, drafts.encryptedUpdate, sender)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = bytes.slice()
        changed[at] = (changed[at] ?? 0) ^ flip
        try {
          expect(Message.open(changed, place, Eip712.recover).device).not.toBe(device)
        } catch (thrown) {
          expect(thrown).toHaveProperty('advice')
        }
      }),
      { numRuns: 200 },
    )
  })
})
