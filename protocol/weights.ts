// Weights as bytes: how they are published and sealed.

/** Little-endian float32. */
export function toBytes(weights: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(weights.length * 4)
  const view = new DataView(bytes.buffer)
  weights.forEach((weight, i) => {
    view.setFloat32(i * 4, weight, true)
  })
  return bytes
}

/** Reads `toBytes`; bytes after the last whole value are left out. */
export function fromBytes(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getFloat32(i * 4, true))
}
