// The play itself: who arrives, what each does in which order, and what is measured at the end.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import type * as Market from '../../protocol/market.ts'
import * as Model from '../../protocol/model.ts'
import type { TaskSpec } from '../../protocol/taskSpec.ts'
import type { Stack } from '../stack.ts'
import * as Format from '../../web/parts/format.ts'
import * as Books from './books.ts'
import * as Cheat from './cheat.ts'
import * as Measured from './measured.ts'
import * as Person from './person.ts'
import * as Plain from './plain.ts'
import * as Rare from './rare.ts'
import type { Report } from './report.ts'
import * as Shares from './shares.ts'

export type Stage = {
  readonly stack: Stack
  readonly browser: Browser
  readonly folder: string
  readonly screenshots: string
  readonly say: (line: string) => void
  readonly people: Person.Person[]
}

const title = 'Handwritten digits'
const datas = 6
const computes = 4
/** Whose page lies about jobs. */
const cheat = 'Curt'
/** Seconds that a round waits for an update that does not come. */
const updateSeconds = 100
/** In which round a phone leaves right after its receipts. */
const leavingRound = 2
/** Bytes of one ciphertext on the wire, its share of the object that names it included. */
const ciphertextBytes = 65_800
const coefficients = 8192

export async function perform(stage: Stage, rounds: number): Promise<Report> {
  const { say, folder, people } = stage
  const began = performance.now()
  say('splitting MNIST over six data providers')
  const shares = Shares.training(datas)
  const test = Shares.test()
  const released = Shares.warm()
  const files = shares.map((share) => Shares.write(join(folder, share.name), share))
  const testFiles = Shares.write(join(folder, 'test'), test)
  const releasedFiles = Shares.write(join(folder, 'released'), released)

  say('eleven people open the app, each in a browser context of their own')
  const arrive = async (name: string, role: Person.Role, phone = false) => {
    const { browser, stack } = stage
    const script = name === cheat ? { script: Cheat.lie } : {}
    const person = await Person.arrive({ browser, appUrl: stack.appUrl, name, role, phone, ...script })
    people.push(person)
    return person
  }
  const model = await arrive('Mona', 'model')
  const committee = await Promise.all(['Carl', 'Cleo', 'Cora', 'Curt'].map((name) => arrive(name, 'compute')))
  const providers = await Promise.all(
    ['Dana', 'Dean', 'Dora', 'Drew', 'Dina', 'Dirk'].map((name, i) => arrive(name, 'data', i % 2 === 0)),
  )
  const everyone = [model, ...committee, ...providers]
  const accounts = new Map<string, Person.Person>()
  for (const person of everyone) accounts.set(await Person.account(person), person)
  const accountOf = (person: Person.Person) => [...accounts].find(([, each]) => each === person)?.[0] ?? ''

  say('compute providers measure their speed and offer it')
  await Promise.all([model, ...committee].map(Person.addTestFunds))
  for (const member of committee) await Person.offerCompute(member, '1')

  say('data providers import their shares and make offers; the model provider imports its test set')
  const [smallest, , phone, vanishing] = providers
  if (phone === undefined || vanishing === undefined) throw new Error('Too few data providers came.')
  if (smallest !== undefined) await Person.insistOn(smallest, 'WebGPU')
  await Promise.all([
    Person.importFiles(model, 'MNIST test set', testFiles, 'test', true).then(() =>
      Person.importFiles(model, 'Released digits', releasedFiles, 'release'),
    ),
    ...providers.map(async (provider, i) => {
      await Person.importFiles(provider, `Digits of ${provider.name}`, files[i] ?? [])
      await Person.offerImported(provider, '5')
    }),
  ])

  say('the model provider creates a task and backs up its keys')
  const description = 'Reads a digit from a picture of 28 by 28 pixels.'
  await Person.createTask(model, {
    title,
    description,
    testSet: 'MNIST test set',
    rounds,
    datas,
    computes,
    plan: 'By measured contribution',
    warmSet: 'Released digits',
    byCommittee: true,
    updateSeconds,
  })
  await Person.backUp(model, 'correct horse battery staple', folder)
  await Person.requestAll(model, datas)

  say('data providers are asked, agree, and nominate a compute provider each')
  await Promise.all(
    providers.map((provider, i) => {
      const nominee = committee[i % committee.length]
      return Person.consent(provider, title, nominee === undefined ? '' : accountOf(nominee))
    }),
  )
  say('the nominated compute providers accept their seats')
  await Promise.all(committee.map((member) => Person.acceptSeat(member, title)))
  await remember(stage, 'asked')
  say('the roster is frozen, everybody signs it, the task starts')
  await Person.freeze(model)
  await Person.reach(model, ['training'])

  let told = 0
  const watch = setInterval(() => {
    void progress(model).then((line) => {
      if (line.rounds > told) say(`round ${line.rounds} of ${rounds}: ${line.accuracy} right on the test set`)
      told = Math.max(told, line.rounds)
      if (line.rounds === 2) void remember(stage, 'training')
    })
  }, 1_000)
  say('training')
  try {
    await Promise.all([
      Person.reach(model, ['challenge', 'claimable'], 420),
      leaveAfterReceipts(stage, phone, providers),
      vanishBeforeUpdate(stage, vanishing, rounds),
    ])
  } finally {
    clearInterval(watch)
  }
  await vanishing.comeBack()
  await Person.findTask(vanishing, title)
  await remember(stage, 'settled')

  const jobs = await Person.jobs(model)
  say('the task is settled; everyone claims')
  await Promise.all(
    everyone.map(async (person) => {
      await Person.reach(person, ['claimable'], 60)
      await Person.claim(person, person === model ? 'refund' : 'payout')
    }),
  )
  await remember(stage, 'claimed')

  say('reading the chain and what every browser measured')
  const { rpcUrl, config } = stage.stack
  const books = await Books.read({ rpcUrl, ...config })
  say('making the calls that a task without trouble does not need, for their gas')
  const otherGas = await Rare.play({ rpcUrl, ...config })
  const stored = new Map<Person.Person, Measured.Stored>()
  for (const person of everyone) stored.set(person, await Measured.read(person))

  say('training the same in the clear, in Node, for comparison')
  const spec = stored.get(model)?.state['spec'] as TaskSpec
  const shareOf = (account: string) => shares[providers.indexOf(accounts.get(account) as Person.Person)]
  const survivors = books.rounds.map((round) => round.survivors.flatMap((account) => shareOf(account) ?? []))
  const parts = jobs.flatMap(({ job, state }) => {
    const part = /^Warm start, part (\d+)/.exec(job)?.[1]
    return part === undefined || state !== 'Two agree' ? [] : [Number(part) - 1]
  })
  const first = await Plain.first(spec, released, parts)
  const plain = await Plain.train(spec, first, survivors, test, (round, accuracy) =>
    say(`in the clear, round ${round}: ${(accuracy / 100).toFixed(2)} %`),
  )

  const adapters = new Map<Person.Person, string>()
  for (const provider of providers) adapters.set(provider, await Measured.adapter(provider))

  const accuracies = accuracyByRound(stored.get(model))
  const report = {
    accuracy: accuracies.at(-1) ?? 0,
    plainAccuracy: (plain.at(-1) ?? 0) / 10_000,
    rounds: books.rounds.map(({ round, gas }, i) => {
      const meters = [...stored.values()].flatMap((each) =>
        each.meters.filter((meter) => meter.round === round),
      )
      const most = (read: (meter: Measured.Meter) => number) => Math.max(0, ...meters.map(read))
      const opened = Math.min(...meters.map(({ openedAt }) => openedAt).filter((at) => at > 0))
      return {
        round,
        accuracy: accuracies[i] ?? 0,
        plainAccuracy: (plain[i] ?? 0) / 10_000,
        seconds: {
          train: most(({ seconds }) => seconds.train),
          encrypt: most(({ seconds }) => seconds.encrypt),
          aggregate: most(({ seconds }) => seconds.aggregate),
          network: most(({ seconds }) => seconds.network),
          chain: most(({ seconds }) => seconds.chain),
          open: most(({ seconds }) => seconds.open),
          whole: Math.max(0, most(({ endedAt }) => endedAt) - opened),
        },
        bytes: Object.fromEntries(
          providers.map((provider) => {
            const meter = stored.get(provider)?.meters.find((each) => each.round === round)
            return [provider.name, meter?.bytes ?? { up: 0, down: 0 }]
          }),
        ),
        gas,
      }
    }),
    participants: everyone.map((person) => {
      const entry = books.parties.find(({ account }) => account === accountOf(person))
      const backends = new Set(stored.get(person)?.meters.flatMap(({ backend }) => backend ?? []))
      return {
        name: person.name,
        role: person.role,
        phone: person.phone,
        account: accountOf(person),
        samples: shares[providers.indexOf(person)]?.samples ?? 0,
        backend: backends.size === 0 ? undefined : [...backends].join(' then '),
        adapter: backends.has('webgpu') ? adapters.get(person) : undefined,
        delivered: entry?.delivered ?? 0,
        jobUnits: Number(entry?.jobUnits ?? 0n),
        jobPay: (entry?.jobPay ?? 0n).toString(),
        payout: (entry?.payout ?? 0n).toString(),
        balance: (entry?.balance ?? 0n).toString(),
      }
    }),
    gas: books.gas,
    otherGas,
    jobs,
    cheat,
    paidIn: books.paidIn.toString(),
    paidOut: books.paidOut.toString(),
    conserved: books.conserved,
    agreed: books.agreed,
    seconds: (performance.now() - began) / 1000,
  }
  const left: Left = {
    paidAfterLeaving: books.rounds.some(
      ({ round, delivered }) => round === leavingRound && delivered.includes(accountOf(phone)),
    ),
    vanished: books.rounds.at(-1)?.delivered.includes(accountOf(vanishing)) === false,
    delivered: books.rounds.at(-1)?.delivered.length ?? 0,
    survivors: books.rounds.at(-1)?.survivors.length ?? 0,
    apart: books.apart,
    opened: accuracies.length,
  }
  return { ...report, held: laws(report, left, spec, rounds) }
}

/** A phone closes its tab as soon as the screen says that it may, and comes back once the round is over. */
async function leaveAfterReceipts(
  { say }: Stage,
  phone: Person.Person,
  others: readonly Person.Person[],
): Promise<void> {
  await Person.seeRound(phone, leavingRound, 'You may close this page now', 280)
  await phone.leave()
  say(`${phone.name} has its receipts of round ${leavingRound} and closes its phone`)
  const [other] = others.filter((each) => each !== phone)
  if (other !== undefined) await Person.seeRound(other, leavingRound, 'Open the sum', 280)
  await phone.comeBack()
  await Person.findTask(phone, title)
  say(`${phone.name} is back`)
}

/** Somebody closes its tab in the last round while it trains: it has said that it is ready, and delivers nothing. */
async function vanishBeforeUpdate({ say }: Stage, provider: Person.Person, rounds: number): Promise<void> {
  await Person.seeRound(provider, rounds, 'Train, mask, encrypt', 400)
  await provider.leave()
  say(`${provider.name} vanishes in the middle of round ${rounds}`)
}

/** What came of those who left. */
type Left = {
  readonly paidAfterLeaving: boolean
  readonly vanished: boolean
  /** Updates that came in the last round, and those of them in its sum. */
  readonly delivered: number
  readonly survivors: number
  readonly apart: boolean
  /** Rounds whose sum was unmasked, its zero slots found zero. */
  readonly opened: number
}

/** Keeps a picture of every role’s screen; a picture that cannot be taken stops nothing. */
export async function remember({ people, screenshots }: Stage, moment: string): Promise<void> {
  await Promise.all(
    people.map(async ({ name, role, page, complaints }) => {
      const path = join(screenshots, `${moment}-${role}-${name.toLowerCase()}`)
      await page.screenshot({ path: `${path}.png`, fullPage: true, timeout: 20_000 }).catch(() => undefined)
      if (moment === 'failed') writeFileSync(`${path}.log`, complaints.join('\n'))
    }),
  )
}

const calls: readonly Market.FunctionName[] = [
  ...(['create', 'start', 'commitRound', 'settle', 'claim', 'prove', 'cancel', 'expire'] as const),
  ...(['deposit', 'depositFor', 'withdraw', 'withdrawFor'] as const),
]

function laws(report: Omit<Report, 'held'>, left: Left, spec: TaskSpec, rounds: number): Report['held'] {
  const parameters = Model.parameterCount(spec.model)
  const most = Math.ceil((parameters + 8) / coefficients) * ciphertextBytes
  const up = Math.max(...report.rounds.flatMap(({ bytes }) => Object.values(bytes).map((each) => each.up)))
  const gap = Math.abs(report.accuracy - report.plainAccuracy) * 100
  const agreed = (kind: string) =>
    report.jobs.filter(({ job, state }) => job.startsWith(kind) && state === 'Two agree').length
  const lies = report.jobs.flatMap(({ who }) => who.filter((each) => each.includes('contradicted')))
  const account = report.participants.find(({ name }) => name === report.cheat)?.account ?? ''
  const liar = Format.ends(account)
  const [smallest] = report.participants.filter(({ role }) => role === 'data')
  return [
    { what: `${rounds} rounds were committed`, ok: report.rounds.length === rounds },
    { what: 'every sum was unmasked to the bit: its zero slots are zero', ok: left.opened === rounds },
    { what: `the phone that left after its receipts was paid for that round`, ok: left.paidAfterLeaving },
    {
      what: `the last round was finished without the one that vanished (${left.delivered} of ${datas} delivered, ${left.survivors} opened)`,
      ok: left.vanished && left.survivors >= 3,
    },
    { what: 'no two sums can be subtracted down to fewer people than a cohort needs', ok: left.apart },
    { what: 'at least 90 % on the whole test set', ok: report.accuracy >= 0.9 },
    { what: `within 0.3 points of training in the clear (${gap.toFixed(2)})`, ok: gap <= 0.3 },
    { what: `at most ${most} bytes up per provider and round (${up})`, ok: up <= most },
    { what: 'escrow in = payouts + refunds', ok: report.conserved },
    { what: 'everyone was paid what the history owes', ok: report.agreed },
    {
      what: `two compute providers agreed on ${agreed('Warm start')} parts of the warm start and ${agreed('Scoring')} rounds of scoring`,
      ok: agreed('Warm start') >= 1 && agreed('Scoring') >= 1,
    },
    {
      what: `who lied about jobs was contradicted (${lies.length} times), and nobody else`,
      ok: lies.length > 0 && lies.every((who) => who.startsWith(liar)),
    },
    {
      what: 'two compute providers and more were paid for jobs',
      ok:
        report.participants.filter(({ jobUnits, jobPay }) => jobUnits > 0 && BigInt(jobPay) > 0n).length >= 2,
    },
    { what: 'every call was made', ok: calls.every((name) => name in report.gas || name in report.otherGas) },
    { what: 'the smallest share was trained on WebGPU', ok: smallest?.backend === 'webgpu' },
    {
      what: 'every data provider was paid',
      ok: report.participants.every(({ payout }) => BigInt(payout) > 0n),
    },
    { what: `at most 8 minutes (${report.seconds.toFixed(0)} s)`, ok: report.seconds <= 480 },
  ]
}

async function progress({ page }: Person.Person): Promise<{ rounds: number; accuracy: string }> {
  const facts = page.locator('dl > div')
  const read = (name: string) =>
    facts
      .filter({ hasText: name })
      .first()
      .locator('dd')
      .innerText({ timeout: 500 })
      .catch(() => '')
  const done = /^(\d+) of/.exec(await read('Rounds done'))?.[1]
  return { rounds: Number(done ?? 0), accuracy: await read('Accuracy now') }
}

function accuracyByRound(stored: Measured.Stored | undefined): readonly number[] {
  const rounds = stored?.state['rounds'] as Record<
    string,
    { result: string | { correct: number; total: number } }
  >
  return Object.keys(rounds)
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((round) => {
      const result = rounds[String(round)]?.result
      return typeof result === 'object' ? [result.correct / result.total] : []
    })
}
