// Amounts as a person types them: tokens with decimals outside, base units inside.

type Token = { readonly decimals: number }

/** All decimals and no separators: what a field shows and `parse` reads back. */
export function text(amount: bigint, token: Token | undefined): string {
  const decimals = token?.decimals ?? 0
  const unit = 10n ** BigInt(decimals)
  const fraction = (amount % unit).toString().padStart(decimals, '0').replace(/0+$/, '')
  return fraction === '' ? `${amount / unit}` : `${amount / unit}.${fraction}`
}

/** Base units; undefined when the text is no amount or finer than the token. */
export function parse(typed: string, token: Token | undefined): bigint | undefined {
  const match = /^(\d{1,30})(?:\.(\d*))?$/.exec(typed.trim())
  const decimals = token?.decimals ?? 0
  const fraction = (match?.[2] ?? '').replace(/0+$/, '')
  if (match?.[1] === undefined || fraction.length > decimals) return undefined
  return BigInt(match[1] + fraction.padEnd(decimals, '0'))
}
