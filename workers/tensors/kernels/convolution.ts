// Convolutions with the maximum over windows of them, and their gradients, in AssemblyScript. Of a window only one value
// has a gradient, so the way back multiplies those alone: one patch of the picture each, taken from where it lies.
import { addProduct } from './lanes'
import { multiply } from './products'

/**
 * Maxima over windows of a convolution's results [height × width, channels], whose rows lie `stride` apart, and the
 * offset of the patch that each came from. The first of equal ones counts.
 */
function pool(
  results: usize,
  stride: usize,
  offsets: usize,
  width: i32,
  windowHeight: i32,
  windowWidth: i32,
  outHeight: i32,
  outWidth: i32,
  channels: i32,
  to: usize,
  patches: usize,
): void {
  const bytes = (<usize>channels) << 2
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const first = y * windowHeight * width + x * windowWidth
      for (let channel: usize = 0; channel < bytes; channel += 16) {
        let most = v128.load(results + <usize>first * stride + channel)
        let patch = v128.load_splat<u32>(offsets + ((<usize>first) << 2))
        for (let row = 0; row < windowHeight; row++) {
          for (let column = 0; column < windowWidth; column++) {
            const position = <usize>(first + row * width + column)
            const value = v128.load(results + position * stride + channel)
            const more = f32x4.gt(value, most)
            most = v128.bitselect(value, most, more)
            patch = v128.bitselect(v128.load_splat<u32>(offsets + (position << 2)), patch, more)
          }
        }
        v128.store(to + channel, most)
        v128.store(patches + channel, patch)
      }
      to += bytes
      patches += bytes
    }
  }
}

/** A convolution of pictures, its bias, its least value and its pooling; `scratch` holds one picture's results. */
export function convolve(
  samples: i32,
  picture: usize,
  pictureStride: usize,
  offsets: usize,
  height: i32,
  width: i32,
  kernelHeight: i32,
  run: i32,
  jump: usize,
  panels: usize,
  filters: i32,
  bias: usize,
  floor: f32,
  scratch: usize,
  windowHeight: i32,
  windowWidth: i32,
  outHeight: i32,
  outWidth: i32,
  to: usize,
  toStride: usize,
  patches: usize,
): void {
  const stride = (<usize>((filters + 7) & ~7)) << 2
  const positions = height * width
  for (let i = 0; i < samples; i++) {
    multiply(
      offsets,
      positions,
      picture,
      kernelHeight,
      run,
      jump,
      panels,
      filters,
      bias,
      scratch,
      stride,
      floor,
    )
    // prettier-ignore
    pool(scratch, stride, offsets, width, windowHeight, windowWidth, outHeight, outWidth, filters, to, patches)
    picture += pictureStride
    to += toStride
    patches += toStride
  }
}

/** Takes gradients away where the value was not above the floor, and adds what is left to each filter's bias. */
function hold(
  samples: i32,
  values: usize,
  gradients: usize,
  stride: usize,
  positions: i32,
  step: usize,
  floor: f32,
  biases: usize,
): void {
  const least = f32x4.splat(floor)
  const bytes = <usize>positions * step
  for (let filter: usize = 0; filter < step; filter += 16) {
    let sum = v128.load(biases + filter)
    let first = filter
    for (let i = 0; i < samples; i++) {
      for (let at = first, end = first + bytes; at < end; at += step) {
        const passes = f32x4.gt(v128.load(values + at), least)
        const gradient = v128.and(v128.load(gradients + at), passes)
        v128.store(gradients + at, gradient)
        sum = f32x4.add(sum, gradient)
      }
      first += stride
    }
    v128.store(biases + filter, sum)
  }
}

/** Lists address and gradient of each patch that has one, for one filter; returns the list's end. */
function collect(
  samples: i32,
  picture: usize,
  pictureStride: usize,
  gradients: usize,
  patches: usize,
  stride: usize,
  positions: i32,
  step: usize,
  list: usize,
): usize {
  const bytes = <usize>positions * step
  for (let i = 0; i < samples; i++) {
    for (let at: usize = 0; at < bytes; at += step) {
      const gradient = load<f32>(gradients + at)
      store<u32>(list, <u32>picture + load<u32>(patches + at))
      store<f32>(list, gradient, 4)
      list += (<usize>i32(gradient != 0)) << 3
    }
    picture += pictureStride
    gradients += stride
    patches += stride
  }
  return list
}

/** Adds gradient × patch to a filter's gradient, for 5 stretches of 8 values whose places in a patch are given. */
function gatherFilter(list: usize, end: usize, places: usize, to: usize): void {
  const a = load<u32>(places)
  const b = load<u32>(places, 4)
  const c = load<u32>(places, 8)
  const d = load<u32>(places, 12)
  const e = load<u32>(places, 16)
  let a0 = v128.load(to)
  let a1 = v128.load(to, 16)
  let b0 = v128.load(to, 32)
  let b1 = v128.load(to, 48)
  let c0 = v128.load(to, 64)
  let c1 = v128.load(to, 80)
  let d0 = v128.load(to, 96)
  let d1 = v128.load(to, 112)
  let e0 = v128.load(to, 128)
  let e1 = v128.load(to, 144)
  for (; list < end; list += 8) {
    const patch = <usize>load<u32>(list)
    const gradient = v128.load_splat<f32>(list, 4)
    a0 = addProduct(gradient, v128.load(patch + a), a0)
    a1 = addProduct(gradient, v128.load(patch + a, 16), a1)
    b0 = addProduct(gradient, v128.load(patch + b), b0)
    b1 = addProduct(gradient, v128.load(patch + b, 16), b1)
    c0 = addProduct(gradient, v128.load(patch + c), c0)
    c1 = addProduct(gradient, v128.load(patch + c, 16), c1)
    d0 = addProduct(gradient, v128.load(patch + d), d0)
    d1 = addProduct(gradient, v128.load(patch + d, 16), d1)
    e0 = addProduct(gradient, v128.load(patch + e), e0)
    e1 = addProduct(gradient, v128.load(patch + e, 16), e1)
  }
  v128.store(to, a0)
  v128.store(to, a1, 16)
  v128.store(to, b0, 32)
  v128.store(to, b1, 48)
  v128.store(to, c0, 64)
  v128.store(to, c1, 80)
  v128.store(to, d0, 96)
  v128.store(to, d1, 112)
  v128.store(to, e0, 128)
  v128.store(to, e1, 144)
}

/** Adds gradient × filter to the patches of the pictures' gradient, which lies `distance` after the pictures. */
function spread(
  list: usize,
  end: usize,
  distance: usize,
  filter: usize,
  kernelHeight: i32,
  run: usize,
  pictureRow: usize,
): void {
  for (; list < end; list += 8) {
    let row = <usize>load<u32>(list) + distance
    const gradient = v128.load_splat<f32>(list, 4)
    let weight = filter
    for (let y = 0; y < kernelHeight; y++) {
      for (let to = row, last = row + run; to < last; to += 32) {
        v128.store(to, addProduct(gradient, v128.load(weight), v128.load(to)))
        v128.store(to, addProduct(gradient, v128.load(weight, 16), v128.load(to, 16)), 16)
        weight += 32
      }
      row += pictureRow
    }
  }
}

/**
 * Gradients of filters and biases, and, where `distance` is not 0, of the pictures, from those of the pooled results.
 * `filters` of `filterStride` bytes lie [filter][kernel row][run], runs filled up with zeros to 8 values; so do their
 * gradients. `places` has the place of each 8 values in a patch, a multiple of 5 of them.
 */
export function convolveBack(
  samples: i32,
  block: i32,
  picture: usize,
  pictureStride: usize,
  pictureRow: usize,
  distance: usize,
  kernelHeight: i32,
  run: usize,
  values: usize,
  gradients: usize,
  patches: usize,
  stride: usize,
  positions: i32,
  filterCount: i32,
  filters: usize,
  filterGradients: usize,
  filterStride: usize,
  places: usize,
  biases: usize,
  floor: f32,
  list: usize,
): void {
  const step = (<usize>filterCount) << 2
  for (let start = 0; start < samples; start += block) {
    const count = min(block, samples - start)
    const pictures = picture + <usize>start * pictureStride
    const first = <usize>start * stride
    if (distance != 0) memory.fill(pictures + distance, 0, <usize>count * pictureStride)
    hold(count, values + first, gradients + first, stride, positions, step, floor, biases)
    for (let filter = 0; filter < filterCount; filter++) {
      const at = first + ((<usize>filter) << 2)
      // prettier-ignore
      const end = collect(count, pictures, pictureStride, gradients + at, patches + at, stride, positions, step, list)
      const offset = <usize>filter * filterStride
      for (let part: usize = 0; part < filterStride; part += 160)
        gatherFilter(list, end, places + (part >> 3), filterGradients + offset + part)
      if (distance != 0) spread(list, end, distance, filters + offset, kernelHeight, run, pictureRow)
    }
  }
}

/** Filters [filter][kernel row][run] from a kernel [kernel row × run, filter], or gradients the way back, which leaves 0. */
export function turnFilters(
  kernel: usize,
  kernelHeight: i32,
  run: i32,
  filterCount: i32,
  filters: usize,
  filterStride: usize,
  back: bool,
): void {
  const padded = (<usize>((run + 7) & ~7)) << 2
  for (let y = 0; y < kernelHeight; y++) {
    for (let i = 0; i < run; i++) {
      let turned = filters + <usize>y * padded + ((<usize>i) << 2)
      for (let filter = 0; filter < filterCount; filter++) {
        if (back) {
          store<f32>(kernel, load<f32>(turned))
          store<f32>(turned, 0)
        } else store<f32>(turned, load<f32>(kernel))
        kernel += 4
        turned += filterStride
      }
    }
  }
}

/** Copies pictures row by row, into a frame of zeros or out of it. */
export function copyPictures(
  samples: i32,
  rows: i32,
  bytes: usize,
  from: usize,
  fromRow: usize,
  fromStride: usize,
  to: usize,
  toRow: usize,
  toStride: usize,
): void {
  for (let i = 0; i < samples; i++) {
    for (let row = 0; row < rows; row++)
      memory.copy(to + <usize>row * toRow, from + <usize>row * fromRow, bytes)
    from += fromStride
    to += toStride
  }
}
