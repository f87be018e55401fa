// A small task played by people in browser contexts of their own, through the screens, on made-up digits.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext } from 'playwright'
import * as Person from '../../scripts/demo/person.ts'
import { idxPair } from '../digits.ts'
import type { Row } from './canary.ts'

export type Cast = {
  readonly model: Person.Person
  readonly committee: readonly Person.Person[]
  readonly providers: readonly Person.Person[]
  readonly everyone: readonly Person.Person[]
  /** Accounts of the committee and of the data providers, in their order. */
  readonly seats: readonly string[]
  readonly accounts: readonly string[]
}

export type Play = {
  readonly appUrl: string
  readonly browser: Browser
  /** For files that people pick and download. */
  readonly folder: string
  /** Called with each context before its first page is opened. */
  readonly prepare?: (context: BrowserContext) => Promise<void>
}

export const title = 'Bright bands'

export function arrive(play: Play, name: string, role: Person.Role): Promise<Person.Person> {
  const { appUrl, browser, prepare } = play
  const prepared = {
    newContext: async (...options: Parameters<Browser['newContext']>) => {
      const context = await browser.newContext(...options)
      await prepare?.(context)
      return context
    },
  }
  return Person.arrive({ browser: prepared, appUrl, name, role })
}

/** One model provider, two compute providers, three data providers, all connected. */
export async function gather(play: Play): Promise<Cast> {
  const model = await arrive(play, 'Mona', 'model')
  const committee = await Promise.all(['Carl', 'Cleo'].map((name) => arrive(play, name, 'compute')))
  const providers = await Promise.all(['Dana', 'Dean', 'Dora'].map((name) => arrive(play, name, 'data')))
  const seats = await Promise.all(committee.map(Person.account))
  const accounts = await Promise.all(providers.map(Person.account))
  return { model, committee, providers, everyone: [model, ...committee, ...providers], seats, accounts }
}

export type Wishes = {
  readonly rounds: number
  readonly samples: number
  /** Title of the reward plan; the form's own when undefined. */
  readonly plan?: string
  /** Only the data providers are invited. */
  readonly byInvitation?: boolean
  /** Rows that stand among the samples of the person at this place of `everyone`. */
  readonly planted?: (place: number) => readonly Row[]
}

/** From files to a started task. */
export async function start(play: Play, cast: Cast, wishes: Wishes): Promise<void> {
  const { folder } = play
  const { model, committee, providers, everyone, seats } = cast
  const filesOf = (person: Person.Person) => {
    const place = everyone.indexOf(person)
    return digits(join(folder, person.name), wishes.samples, place, wishes.planted?.(place) ?? [])
  }
  await Promise.all([model, ...committee].map(Person.addTestFunds))
  for (const member of committee) await Person.offerCompute(member, '1')
  await Promise.all([
    filesOf(model).then((files) => Person.importFiles(model, 'Tests', files, 'test')),
    ...providers.map(async (provider) => {
      await Person.importFiles(provider, `Bands of ${provider.name}`, await filesOf(provider))
      await Person.offerImported(provider, '5')
    }),
  ])
  await Person.createTask(model, {
    ...{ title, description: 'Finds the bright band.', testSet: 'Tests', rounds: wishes.rounds },
    ...{ datas: providers.length, computes: committee.length },
    ...(wishes.plan === undefined ? {} : { plan: wishes.plan }),
    ...(wishes.byInvitation === true ? { invited: cast.accounts } : {}),
  })
  await Person.backUp(model, 'correct horse battery staple', folder)
  await Person.requestAll(model, providers.length)
  await Promise.all(
    providers.map((provider, i) => Person.consent(provider, title, seats[i % seats.length] ?? '')),
  )
  await Promise.all(committee.map((member) => Person.acceptSeat(member, title)))
  await Person.freeze(model)
}

/** From the last round to money in everybody's account. */
export async function finish({ model, everyone }: Cast, seconds: number): Promise<void> {
  await Person.reach(model, ['challenge', 'claimable'], seconds)
  await Promise.all(
    everyone.map(async (person) => {
      await Person.reach(person, ['claimable'], 60)
      await Person.claim(person, person === model ? 'refund' : 'payout')
    }),
  )
}

/** An IDX pair on disk, its first pictures replaced by the planted ones. */
export async function digits(
  folder: string,
  samples: number,
  seed: number,
  planted: readonly Row[] = [],
): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true })
  return Promise.all(
    idxPair(samples, seed).map(async (file, i) => {
      const bytes = new Uint8Array(await file.arrayBuffer())
      if (i === 0) planted.forEach((row, place) => bytes.set(row, 16 + place * row.length))
      const path = join(folder, file.name)
      writeFileSync(path, bytes)
      return path
    }),
  )
}
