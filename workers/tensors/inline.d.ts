// Files that the bundler turns into `data:` addresses, because the vault's origin may not fetch.
declare module '*.wasm?url&inline' {
  const address: string
  export default address
}
