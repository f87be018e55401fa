// Modules that the bundler turns into text, base 64, because the vault's origin may not fetch.
declare module '*/kernels/index.ts?strict' {
  const text: string
  export default text
}

declare module '*/kernels/index.ts?relaxed' {
  const text: string
  export default text
}
