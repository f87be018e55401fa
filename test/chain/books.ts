// Everyone's balances at some moments of a play, as a table; nothing may appear or disappear between them.
import { expect } from 'vitest'
import * as Cast from './cast.ts'
import type { Stage } from './stage.ts'

/** Token base units. */
export type Balances = { readonly tokens: bigint; readonly deposit: bigint }

export type Page = {
  readonly moment: string
  /** By name. */
  readonly balances: ReadonlyMap<string, Balances>
  /** What the market holds beyond free deposits. */
  readonly escrow: bigint
}

/** Checks that the market holds what it owes, and that there are as many tokens as were minted. */
export async function page(stage: Stage, moment: string): Promise<Page> {
  const balances = new Map(
    await Promise.all(
      Cast.everyone.map(async ({ name, account }) => {
        const [tokens, deposit] = await Promise.all([stage.tokens(account), stage.deposit(account)])
        return [name, { tokens, deposit }] as const
      }),
    ),
  )
  const held = await stage.tokens(stage.market)
  const escrow = held - total(balances, 'deposit')
  expect(total(balances, 'tokens') + held).toBe(Cast.purse * BigInt(Cast.everyone.length))
  expect(escrow).toBeGreaterThanOrEqual(0n)
  return { moment, balances, escrow }
}

/** What each gained or lost, tokens and free deposit together; those to whom nothing happened are left out. */
export function changes(from: Page, to: Page): Record<string, bigint> {
  const changed = [...to.balances].map(([name, now]) => {
    const then = from.balances.get(name) ?? { tokens: 0n, deposit: 0n }
    return [name, now.tokens + now.deposit - then.tokens - then.deposit] as const
  })
  return Object.fromEntries(changed.filter(([, change]) => change !== 0n))
}

/** Prints a table: a row for each person, two columns for each page, and what changed from the first to the last. */
export function print(title: string, pages: readonly [Page, ...Page[]]): void {
  const [first] = pages
  const last = pages.at(-1) ?? first
  const gained = changes(first, last)
  const rows = Cast.everyone.map(({ name }) => [
    name,
    ...pages.flatMap(({ balances }) => {
      const { tokens, deposit } = balances.get(name) ?? { tokens: 0n, deposit: 0n }
      return [amount(tokens), amount(deposit)]
    }),
    signed(gained[name] ?? 0n),
  ])
  const held = pages.flatMap(({ balances, escrow }) => [amount(escrow), amount(total(balances, 'deposit'))])
  const head = [
    ['', ...pages.flatMap(({ moment }) => [moment, '']), ''],
    ['', ...pages.flatMap(() => ['tokens', 'deposit']), 'change'],
  ]
  const foot = ['market: escrow, deposits', ...held, '']
  const minted = Cast.purse * BigInt(Cast.everyone.length)
  const lines = [...head, ...rows, foot].map(line)
  process.stdout.write(`\n${title}\n${lines.join('\n')}\n  all tokens, at each moment: ${amount(minted)}\n`)
}

function line([name = '', ...cells]: readonly string[]): string {
  return `  ${name.padEnd(24)}${cells.map((cell) => cell.padStart(11)).join('')}`
}

function amount(units: bigint): string {
  return units.toLocaleString('en')
}

function signed(units: bigint): string {
  return `${units > 0n ? '+' : ''}${amount(units)}`
}

function total(balances: ReadonlyMap<string, Balances>, kind: keyof Balances): bigint {
  return [...balances.values()].reduce((sum, each) => sum + each[kind], 0n)
}
