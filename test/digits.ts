// Made-up digits as IDX files, for tests that import them.

/** Pictures whose class is a bright band of rows, with noise elsewhere; the names are those of MNIST. */
export function idxPair(count: number, seed: number): [File, File] {
  const pictures = new Uint8Array(16 + count * 784)
  const labels = new Uint8Array(8 + count)
  pictures.set([0, 0, 8, 3])
  labels.set([0, 0, 8, 1])
  const header = new DataView(pictures.buffer)
  const sizes = [count, 28, 28]
  sizes.forEach((size, i) => header.setUint32(4 + 4 * i, size))
  new DataView(labels.buffer).setUint32(4, count)
  let state = seed
  for (let i = 0; i < count; i++) {
    const label = (i * 7 + seed) % 10
    labels[8 + i] = label
    for (let pixel = 0; pixel < 784; pixel++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      const bright = Math.floor(pixel / 28 / 2.8) === label
      pictures[16 + i * 784 + pixel] = (bright ? 120 : 0) + ((state >>> 16) % 100)
    }
  }
  return [new File([pictures], 'images-idx3-ubyte'), new File([labels], 'labels-idx1-ubyte')]
}
