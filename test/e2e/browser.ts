// The browser that end-to-end tests and the demo drive.
import { type Browser, chromium } from 'playwright'
import * as Found from '../../scripts/browser.mjs'

export function launch({ headed = false } = {}): Promise<Browser> {
  const executablePath = Found.find()
  return chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [...Found.flags],
    headless: !headed,
  })
}
