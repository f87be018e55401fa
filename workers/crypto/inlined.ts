// SEAL's WebAssembly module, carried inside the worker's script: its origin refuses every connection.
import address from '../../node_modules/node-seal/dist/seal_throws.wasm?url&inline'

/** The module's bytes, decoded from the `data:` address that the bundler made. */
export function wasm(): Uint8Array<ArrayBuffer> {
  const text = atob(address.slice(address.indexOf(',') + 1))
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}
