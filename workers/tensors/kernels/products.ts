// Products of matrices, in AssemblyScript. All sizes are counts of floats, all strides and offsets bytes. A matrix on the
// right is packed into panels of 8 columns, [panel][inner][8], so that it is read in order. Results are written in whole
// tiles of 5 rows and 8 columns: rows have room for a multiple of 8, and 4 rows may follow the last.
import { addProduct } from './lanes'

/** Longest stretch of inner values that a tile is computed over at once, so that what it reads stays in the first cache. */
const stretch: i32 = 384

/**
 * A tile of 5 × 8 sums, each over `segments` runs of `run` values that lie `step` apart, `jump` more between two runs.
 * The sums begin at `from`, whose rows lie `fromStride` apart (0 for a bias), and end no lower than `floor`.
 */
function tile(
  offsets: usize,
  left: usize,
  segments: i32,
  run: i32,
  step: usize,
  jump: usize,
  panel: usize,
  from: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
  floor: f32,
): void {
  let a = left + load<u32>(offsets)
  let b = left + load<u32>(offsets, 4)
  let c = left + load<u32>(offsets, 8)
  let d = left + load<u32>(offsets, 12)
  let e = left + load<u32>(offsets, 16)
  let a0 = v128.load(from)
  let a1 = v128.load(from, 16)
  from += fromStride
  let b0 = v128.load(from)
  let b1 = v128.load(from, 16)
  from += fromStride
  let c0 = v128.load(from)
  let c1 = v128.load(from, 16)
  from += fromStride
  let d0 = v128.load(from)
  let d1 = v128.load(from, 16)
  from += fromStride
  let e0 = v128.load(from)
  let e1 = v128.load(from, 16)
  for (; segments > 0; segments--) {
    for (let left = run; left > 0; left--) {
      const p0 = v128.load(panel)
      const p1 = v128.load(panel, 16)
      panel += 32
      let value = v128.load_splat<f32>(a)
      a0 = addProduct(value, p0, a0)
      a1 = addProduct(value, p1, a1)
      value = v128.load_splat<f32>(b)
      b0 = addProduct(value, p0, b0)
      b1 = addProduct(value, p1, b1)
      value = v128.load_splat<f32>(c)
      c0 = addProduct(value, p0, c0)
      c1 = addProduct(value, p1, c1)
      value = v128.load_splat<f32>(d)
      d0 = addProduct(value, p0, d0)
      d1 = addProduct(value, p1, d1)
      value = v128.load_splat<f32>(e)
      e0 = addProduct(value, p0, e0)
      e1 = addProduct(value, p1, e1)
      a += step
      b += step
      c += step
      d += step
      e += step
    }
    a += jump
    b += jump
    c += jump
    d += jump
    e += jump
  }
  const least = f32x4.splat(floor)
  v128.store(to, f32x4.pmax(a0, least))
  v128.store(to, f32x4.pmax(a1, least), 16)
  to += toStride
  v128.store(to, f32x4.pmax(b0, least))
  v128.store(to, f32x4.pmax(b1, least), 16)
  to += toStride
  v128.store(to, f32x4.pmax(c0, least))
  v128.store(to, f32x4.pmax(c1, least), 16)
  to += toStride
  v128.store(to, f32x4.pmax(d0, least))
  v128.store(to, f32x4.pmax(d1, least), 16)
  to += toStride
  v128.store(to, f32x4.pmax(e0, least))
  v128.store(to, f32x4.pmax(e1, least), 16)
}

/**
 * [rows, columns] = [rows, segments × run] · panels + bias, no lower than `floor`. A row begins at its offset, of which
 * there is a multiple of 5; so a convolution's patches are read from the picture itself, a segment for each kernel row.
 */
export function multiply(
  offsets: usize,
  rows: i32,
  left: usize,
  segments: i32,
  run: i32,
  jump: usize,
  panels: usize,
  columns: i32,
  bias: usize,
  to: usize,
  toStride: usize,
  floor: f32,
): void {
  const inner = segments * run
  if (segments > 1 || run <= stretch) {
    for (let row = 0; row < rows; row += 5) {
      const place = offsets + ((<usize>row) << 2)
      const target = to + <usize>row * toStride
      for (let column = 0; column < columns; column += 8) {
        const byte = (<usize>column) << 2
        const panel = panels + byte * inner
        tile(place, left, segments, run, 4, jump, panel, bias + byte, 0, target + byte, toStride, floor)
      }
    }
    return
  }
  for (let start = 0; start < run; start += stretch) {
    const length = min(stretch, run - start)
    const least = start + length == run ? floor : -(<f32>Infinity)
    for (let row = 0; row < rows; row += 5) {
      const place = offsets + ((<usize>row) << 2)
      const target = to + <usize>row * toStride
      for (let column = 0; column < columns; column += 8) {
        const byte = (<usize>column) << 2
        const sums = target + byte
        const panel = panels + byte * inner + ((<usize>start) << 5)
        const from = start == 0 ? bias + byte : sums
        const fromStride = start == 0 ? 0 : toStride
        tile(
          place,
          left + ((<usize>start) << 2),
          1,
          length,
          4,
          0,
          panel,
          from,
          fromStride,
          sums,
          toStride,
          least,
        )
      }
    }
  }
}

/**
 * sums [columns of left, columns of right] += leftᵀ · right, over rows that they share. `scratch` has room for
 * 64 + 32 × 384 bytes and the panels of 384 rows of the right.
 */
export function multiplyTransposed(
  rows: i32,
  left: usize,
  leftStride: usize,
  leftColumns: i32,
  right: usize,
  rightStride: usize,
  rightColumns: i32,
  sums: usize,
  sumsStride: usize,
  scratch: usize,
): void {
  for (let i: usize = 0; i < 5; i++) store<u32>(scratch + (i << 2), (<u32>i) << 2)
  const band = scratch + 64
  const panels = band + 32 * stretch
  for (let start = 0; start < rows; start += stretch) {
    const length = min(stretch, rows - start)
    pack(right + <usize>start * rightStride, rightStride, length, rightColumns, panels)
    for (let row = 0; row < leftColumns; row += 5) {
      let from = left + <usize>start * leftStride + ((<usize>row) << 2)
      for (let to = band, end = band + ((<usize>length) << 5); to < end; to += 32) {
        v128.store(to, v128.load(from))
        v128.store(to, v128.load(from, 16), 16)
        from += leftStride
      }
      for (let column = 0; column < rightColumns; column += 8) {
        const byte = (<usize>column) << 2
        const target = sums + <usize>row * sumsStride + byte
        const panel = panels + byte * length
        tile(scratch, band, 1, length, 32, 0, panel, target, sumsStride, target, sumsStride, -(<f32>Infinity))
      }
    }
  }
}

/** Packs [inner, columns] into panels, with zeros in columns beyond the last. */
export function pack(from: usize, stride: usize, inner: i32, columns: i32, to: usize): void {
  for (let column = 0; column < columns; column += 8) {
    let row = from + ((<usize>column) << 2)
    const end = to + ((<usize>inner) << 5)
    const whole = min(8, columns - column)
    for (; to < end; to += 32) {
      if (whole == 8) {
        v128.store(to, v128.load(row))
        v128.store(to, v128.load(row, 16), 16)
      } else packPart(row, 4, whole, to)
      row += stride
    }
  }
}

/** Packs the transpose of [columns, inner] into panels. */
export function packTransposed(from: usize, inner: i32, columns: i32, to: usize): void {
  const stride = (<usize>inner) << 2
  for (let column = 0; column < columns; column += 8) {
    const rows = from + <usize>column * stride
    const whole = min(8, columns - column)
    let i = 0
    if (whole == 8) {
      for (; i + 4 <= inner; i += 4) {
        const row = rows + ((<usize>i) << 2)
        transpose(row, stride, to)
        transpose(row + 4 * stride, stride, to + 16)
        to += 128
      }
    }
    for (; i < inner; i++) {
      packPart(rows + ((<usize>i) << 2), stride, whole, to)
      to += 32
    }
  }
}

/** Up to 8 values that lie `stride` apart, and zeros after them. */
function packPart(from: usize, stride: usize, count: i32, to: usize): void {
  v128.store(to, f32x4.splat(0))
  v128.store(to, f32x4.splat(0), 16)
  for (let i = 0; i < count; i++) {
    store<f32>(to + ((<usize>i) << 2), load<f32>(from))
    from += stride
  }
}

/** Four by four: rows `stride` apart become columns, 32 apart. */
function transpose(from: usize, stride: usize, to: usize): void {
  const a = v128.load(from)
  const b = v128.load(from + stride)
  const c = v128.load(from + 2 * stride)
  const d = v128.load(from + 3 * stride)
  const lowLeft = v128.shuffle<f32>(a, b, 0, 4, 1, 5)
  const lowRight = v128.shuffle<f32>(c, d, 0, 4, 1, 5)
  const highLeft = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
  const highRight = v128.shuffle<f32>(c, d, 2, 6, 3, 7)
  v128.store(to, v128.shuffle<f64>(lowLeft, lowRight, 0, 2))
  v128.store(to, v128.shuffle<f64>(lowLeft, lowRight, 1, 3), 32)
  v128.store(to, v128.shuffle<f64>(highLeft, highRight, 0, 2), 64)
  v128.store(to, v128.shuffle<f64>(highLeft, highRight, 1, 3), 96)
}
