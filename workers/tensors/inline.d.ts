// What the bundler turns into text, because the vault's origin may not fetch: files as `data:` addresses, kernels as base 64.
declare module '*.wasm?url&inline' {
  const address: string
  export default address
}

declare module '*/kernels/index.ts?strict' {
  const text: string
  export default text
}

declare module '*/kernels/index.ts?relaxed' {
  const text: string
  export default text
}
