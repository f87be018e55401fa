// One participant of the demo: a browser context of its own, driven through the screens as a person would.
import { join } from 'node:path'
import { type Browser, type BrowserContext, type Locator, type Page, devices } from 'playwright'
import { BaseError } from '../../protocol/errors.ts'

export type Role = 'model' | 'data' | 'compute'

export type Person = {
  readonly name: string
  readonly role: Role
  readonly phone: boolean
  /** The tab that is open, or was open last. */
  readonly page: Page
  readonly context: BrowserContext
  /** What the browser's console complained of. */
  readonly complaints: string[]
  /** Closes the tab; what the browser stored stays. */
  leave(): Promise<void>
  /** Opens the app in a new tab. */
  comeBack(): Promise<void>
}

export type Arrival = {
  readonly browser: Pick<Browser, 'newContext'>
  readonly appUrl: string
  readonly name: string
  readonly role: Role
  readonly phone?: boolean
  /** Run in every page of this person before the app. */
  readonly script?: () => void
}

/** Seconds for what is only a screen, and for what waits on others or computes. */
const soon = 60_000
const eventually = 240_000

export async function arrive({
  browser,
  appUrl,
  name,
  role,
  phone = false,
  script,
}: Arrival): Promise<Person> {
  const context = await browser.newContext(
    phone ? devices['Pixel 7'] : { viewport: { width: 1200, height: 900 } },
  )
  context.setDefaultTimeout(soon)
  if (script !== undefined) await context.addInitScript(script)
  const complaints: string[] = []
  let page = await openApp()

  async function openApp(): Promise<Page> {
    const opened = await context.newPage()
    opened.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    opened.on('pageerror', (error) => complaints.push(error.message))
    opened.on('crash', () => complaints.push('The page crashed.'))
    await opened.goto(appUrl)
    await opened.getByText('This device has its own account').waitFor()
    await opened.getByText(/Connected to \d/).waitFor()
    return opened
  }

  return {
    ...{ name, role, phone, context, complaints },
    get page() {
      return page
    },
    leave: () => page.close(),
    async comeBack() {
      page = await openApp()
    },
  }
}

/** Opens the task from the data provider's list, as somebody does who comes back. */
export async function findTask(person: Person, title: string): Promise<void> {
  await open(person, '/data')
  await follow(person, title)
}

/** Resolves as soon as a data provider's screen is in this round and says so as its step or status. */
export async function seeRound(person: Person, round: number, text: string, seconds: number): Promise<void> {
  await person.page.evaluate(
    ([heading, text, ms]) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          const main = document.querySelector('main')?.textContent ?? ''
          const told = [...document.querySelectorAll('[aria-current="step"], [role="status"]')]
          if (!main.includes(heading) || !told.some((each) => each.textContent.includes(text))) return
          observer.disconnect()
          resolve()
        }
        const observer = new MutationObserver(look)
        observer.observe(document.body, {
          subtree: true,
          childList: true,
          characterData: true,
          attributes: true,
        })
        setTimeout(() => reject(new Error(`The screen never said “${text}” in ${heading}.`)), ms)
        look()
      }),
    [`Round ${round} of`, text, seconds * 1000] as const,
  )
}

/** Goes to a screen by its address, as a bookmark would. */
async function open({ page }: Person, path: string): Promise<void> {
  await page.evaluate((hash) => (location.hash = hash), `#${path}`)
}

export async function addTestFunds(person: Person): Promise<void> {
  await open(person, '/account')
  await press(person, 'Add test funds', 'Test funds added')
}

export async function insistOn(person: Person, engine: string): Promise<void> {
  await open(person, '/account')
  await person.page.getByLabel('Training engine').selectOption({ label: engine })
}

export async function importFiles(
  person: Person,
  name: string,
  files: readonly string[],
  purpose: 'own' | 'test' | 'release' = 'own',
  isGivenAway = false,
): Promise<void> {
  const { page } = person
  await open(person, purpose === 'own' ? '/import' : `/import?for=${purpose}`)
  if (isGivenAway) await page.getByRole('checkbox', { name: 'Give these rows away' }).check()
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Files').setInputFiles([...files])
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await arrived(person, page.getByRole('heading', { name: `Imported: ${name}` }))
}

/** Right after an import: offers what was imported. */
export async function offerImported(person: Person, price: string): Promise<void> {
  const { page } = person
  await page.getByRole('link', { name: 'Make an offer with it' }).click()
  await page.getByLabel('Asking price per task').fill(price)
  await press(person, 'Sign and publish the offer', 'Offer published')
}

export async function offerCompute(person: Person, price: string): Promise<void> {
  const { page } = person
  await open(person, '/compute')
  await arrived(person, page.getByText('Training speed', { exact: true }))
  await page.getByLabel('Price per million compute units').fill(price)
  await press(person, 'Sign and publish the offer', 'Offer published')
}

export type Wishes = {
  readonly title: string
  readonly description: string
  readonly testSet: string
  readonly rounds: number
  readonly datas: number
  readonly computes: number
  /** Released data set on which compute providers train first; none when undefined. */
  readonly warmSet?: string
  /** The committee counts contributions as well; wants a plan that is scored. */
  readonly byCommittee?: boolean
  /** Title of the reward plan; the form's own when undefined. */
  readonly plan?: string
  /** How long a round waits for updates; the form's own when undefined. */
  readonly updateSeconds?: number
  /** Accounts; everyone when undefined. */
  readonly invited?: readonly string[]
}

export async function createTask(person: Person, wishes: Wishes): Promise<void> {
  const { page } = person
  await open(person, '/train/new')
  await page.getByLabel('Title').fill(wishes.title)
  await page.getByLabel('Description').fill(wishes.description)
  const option = page.getByLabel('Test set').locator('option', { hasText: wishes.testSet })
  await page.getByLabel('Test set').selectOption((await option.getAttribute('value')) ?? '')
  await page.getByLabel('Rounds', { exact: true }).fill(String(wishes.rounds))
  await page.getByLabel('Fewest data providers').fill(String(wishes.datas))
  await page.getByLabel('Most data providers').fill(String(wishes.datas))
  await page.getByLabel('Fewest compute providers').fill(String(wishes.computes))
  await page.getByLabel('Most compute providers').fill(String(wishes.computes))
  if (wishes.updateSeconds !== undefined) {
    const field = page.getByLabel('Wait for updates')
    if (!(await field.isVisible())) await page.locator('details summary').last().click()
    await field.fill(String(wishes.updateSeconds))
  }
  if (wishes.plan !== undefined) await page.getByRole('radio', { name: wishes.plan }).check()
  if (wishes.warmSet !== undefined) {
    const field = page.getByLabel('Train first on released rows')
    const set = field.locator('option', { hasText: wishes.warmSet })
    await field.selectOption((await set.getAttribute('value')) ?? '')
  }
  if (wishes.byCommittee === true)
    await page.getByRole('checkbox', { name: 'The committee counts contributions as well' }).check()
  if (wishes.invited !== undefined)
    await page.getByLabel('Invited accounts (optional)').fill(wishes.invited.join('\n'))
  await page.getByRole('button', { name: 'Create the task' }).click()
  await arrived(person, page.getByRole('heading', { name: '1. Back up the keys' }))
}

export async function backUp(person: Person, passphrase: string, folder: string): Promise<void> {
  const { page } = person
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByLabel('Passphrase again').fill(passphrase)
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the backup' }).click()
  await (await download).saveAs(join(folder, 'model-provider.galaxy-backup'))
  await arrived(person, page.getByText('Backup downloaded.', { exact: true }))
}

export async function requestAll(person: Person, offers: number): Promise<void> {
  const { page } = person
  const boxes = page.getByRole('group', { name: 'Matching data offers' }).getByRole('checkbox')
  await arrived(person, boxes.nth(offers - 1))
  await press(person, 'Send requests', 'Requests sent')
}

/** Opens the request, picks the compute provider with this account, and agrees. */
export async function consent(person: Person, title: string, nominee: string): Promise<void> {
  const { page } = person
  await open(person, '/data')
  await follow(person, title)
  await page.locator(`input[name=nominee][value="${nominee}" i]`).check()
  await press(person, 'Agree and take part', 'You take part')
}

export async function acceptSeat(person: Person, title: string): Promise<void> {
  await open(person, '/compute')
  await follow(person, title)
  await press(person, 'Accept the seat', 'Seat accepted')
}

/** Freezes the roster, unless it was complete and the app did so by itself. */
export async function freeze(person: Person): Promise<void> {
  const { page } = person
  const button = page.getByRole('button', { name: 'Freeze the roster and start' })
  const begun = page.locator(begunStages)
  await arrived(person, button.or(begun))
  if (await button.isVisible()) await button.click({ timeout: 5_000 }).catch(() => undefined)
  await arrived(person, begun)
}

const begunStages = ['starting', 'training'].map((stage) => `[data-stage="${stage}"]`).join(', ')

/** Waits for the task on the screen to be in one of these stages. */
export async function reach(person: Person, stages: readonly string[], seconds = 240): Promise<string> {
  const { page } = person
  const places = stages.map((stage) => `[data-stage="${stage}"]`).join(', ')
  await arrived(person, page.locator(places), seconds * 1000)
  return (await page.locator('[data-stage]').getAttribute('data-stage')) ?? ''
}

export async function claim(person: Person, what: 'payout' | 'refund'): Promise<void> {
  await press(person, `Claim the ${what}`, 'Claim sent')
  await reach(person, ['claimed'])
}

export async function account({ page }: Person): Promise<string> {
  const address = await page
    .getByText('This device has its own account')
    .locator('span[title]')
    .getAttribute('title')
  return address?.toLowerCase() ?? ''
}

export type JobRow = {
  readonly job: string
  readonly state: string
  readonly units: string
  readonly who: readonly string[]
}

/** The jobs of the task on the screen. */
export async function jobs({ page }: Person): Promise<readonly JobRow[]> {
  return page
    .getByRole('list', { name: 'Jobs' })
    .locator('> li')
    .evaluateAll((rows) =>
      rows.map((row) => {
        const text = (selector: string) => row.querySelector(selector)?.textContent.trim() ?? ''
        return {
          job: text('h3'),
          state: text('div > span'),
          units: /[\d,]+/.exec(text('p'))?.[0] ?? '',
          who: [...row.querySelectorAll('li')].map((each) => each.textContent.replace(/\s+/g, ' ').trim()),
        }
      }),
    )
}

/** Opens the task with this title from the list on the present screen. */
async function follow(person: Person, title: string): Promise<void> {
  const link = person.page.getByRole('link', { name: title }).first()
  await arrived(person, link)
  await link.click()
}

async function press(person: Person, label: string, done: string): Promise<void> {
  const { page } = person
  const button = page.getByRole('button', { name: label, exact: true })
  await arrived(person, button)
  await button.click()
  await arrived(person, page.getByText(done, { exact: true }).first())
}

/** Waits for something to show up, and meanwhile for the screen to say that it will not. */
async function arrived(person: Person, place: Locator, ms = eventually): Promise<void> {
  try {
    await place.first().waitFor({ timeout: ms })
  } catch (cause) {
    throw new StuckError(person, await seen(person), cause)
  }
}

async function seen({ page }: Person): Promise<string> {
  const text = await page
    .locator('main')
    .innerText({ timeout: 2_000 })
    .catch(() => 'nothing')
  return text.replace(/\n+/g, ' | ').slice(0, 1_500)
}

export class StuckError extends BaseError {
  override readonly name = 'Person.StuckError'
  constructor({ name, complaints }: Person, text: string, cause: unknown) {
    const said = complaints.slice(-5).join(' | ')
    super({
      message: `${name} waited in vain. The screen says: ${text}`,
      advice: said === '' ? 'The browser’s console is silent.' : `The browser’s console says: ${said}`,
      cause,
    })
  }
}
