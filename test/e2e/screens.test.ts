// Screens on a small phone and a desktop, light and dark: readable by everyone, nothing cut off, nothing complained of.
import AxeBuilder from '@axe-core/playwright'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Stack, startStack } from '../../scripts/stack.ts'
import { launch } from './browser.ts'

const paths = ['/', '/data', '/import', '/compute', '/train', '/train/new', '/account']

let stack: Stack
let browser: Browser

beforeAll(async () => {
  stack = await startStack()
  browser = await launch()
}, 300_000)

afterAll(async () => {
  await browser.close()
  await stack.stop()
})

test.each([
  { width: 360, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
] as const)('every screen is fit at $width px, $colorScheme', async ({ width, colorScheme }) => {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(stack.appUrl)
  await page.getByText('This device has its own account').waitFor({ timeout: 90_000 })
  for (const path of paths) {
    await page.evaluate((hash) => (location.hash = hash), `#${path}`)
    await page.locator('main h1').waitFor()
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21aa'])
      .analyze()
    expect(
      violations.map(({ id, nodes }) => `${path} ${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    ).toEqual([])
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect(overflow, `${path} is wider than the screen`).toBeLessThanOrEqual(0)
  }
  expect(complaints).toEqual([])
  await context.close()
})
