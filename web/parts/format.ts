// Numbers as people read them: every one with its unit.

const nbsp = '\u00a0'
const plain = new Intl.NumberFormat('en')
const signed = new Intl.NumberFormat('en', { maximumFractionDigits: 1, signDisplay: 'exceptZero' })
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

export type Token = { readonly symbol: string; readonly decimals: number }

export function count(value: number): string {
  return plain.format(value)
}

/** A gain or a loss, with one decimal where there is one. */
export function change(value: number): string {
  return signed.format(value)
}

/** `1 round`, `2 rounds`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${plain.format(value)}${nbsp}${value === 1 ? one : many}`
}

/** `3 to 16`, or `4` where both are. */
export function range(least: number, most: number): string {
  return least === most ? plain.format(least) : `${plain.format(least)} to ${plain.format(most)}`
}

/** Basis points as per cent with one decimal. */
export function percent(basisPoints: number): string {
  return `${(basisPoints / 100).toFixed(1)}${nbsp}%`
}

export function bytes(value: number): string {
  if (value < 1000) return `${value}${nbsp}bytes`
  const units = ['kB', 'MB', 'GB', 'TB']
  let scaled = value / 1000
  let unit = 0
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000
    unit += 1
  }
  return `${short.format(scaled)}${nbsp}${units[unit] ?? ''}`
}

export function seconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)}${nbsp}s`
  if (value < 120) return `${Math.round(value)}${nbsp}s`
  if (value < 7200) return `${Math.round(value / 60)}${nbsp}min`
  if (value < 172_800) return `${Math.round(value / 3600)}${nbsp}hours`
  return `${Math.round(value / 86_400)}${nbsp}days`
}

/** What is left until `deadline` (Unix seconds), or that it has passed. */
export function remaining(deadline: number, now: number): string {
  return deadline > now ? `${seconds(deadline - now)} left` : 'time is up'
}

/** Unix seconds in the reader's time zone. */
export function moment(unix: number): string {
  return new Date(unix * 1000).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' })
}

/** Base units with the token's symbol: at most `digits` decimals, rounded down. */
export function tokens(amount: bigint, token: Token | undefined, digits = 4): string {
  if (token === undefined) return `${plain.format(amount)}${nbsp}base units`
  return `${decimal(amount, token.decimals, digits)}${nbsp}${token.symbol}`
}

/** Wei, for fees. */
export function ether(wei: bigint): string {
  return `${decimal(wei, 18, 5)}${nbsp}ether`
}

/** The two ends of an address or digest. */
export function ends(hex: string): string {
  return `${hex.slice(0, 6)}…${hex.slice(-4)}`
}

function decimal(amount: bigint, decimals: number, digits: number): string {
  const unit = 10n ** BigInt(decimals)
  const fraction = (amount % unit).toString().padStart(decimals, '0').slice(0, digits).replace(/0+$/, '')
  const whole = plain.format(amount / unit)
  if (fraction !== '' || amount === 0n || amount >= unit)
    return fraction === '' ? whole : `${whole}.${fraction}`
  return decimals > digits ? `under 0.${'0'.repeat(digits - 1)}1` : whole
}
