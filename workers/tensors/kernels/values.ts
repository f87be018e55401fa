// What is done to values one by one, in AssemblyScript: means, the loss, and the descent.
import { addProduct } from './lanes'

/** Mean over positions of each channel. */
export function average(
  samples: i32,
  from: usize,
  fromStride: usize,
  positions: i32,
  channels: i32,
  to: usize,
  toStride: usize,
): void {
  const bytes = (<usize>channels) << 2
  const part = f32x4.splat(<f32>1 / <f32>positions)
  for (let i = 0; i < samples; i++) {
    for (let channel: usize = 0; channel < bytes; channel += 16) {
      let sum = f32x4.splat(0)
      let value = from + channel
      for (let position = 0; position < positions; position++) {
        sum = f32x4.add(sum, v128.load(value))
        value += bytes
      }
      v128.store(to + channel, f32x4.mul(sum, part))
    }
    from += fromStride
    to += toStride
  }
}

/** The gradient of each position from that of the mean. */
export function averageBack(
  samples: i32,
  from: usize,
  fromStride: usize,
  positions: i32,
  channels: i32,
  to: usize,
  toStride: usize,
): void {
  const bytes = (<usize>channels) << 2
  const part = f32x4.splat(<f32>1 / <f32>positions)
  for (let i = 0; i < samples; i++) {
    let value = to
    for (let position = 0; position < positions; position++) {
      for (let channel: usize = 0; channel < bytes; channel += 16)
        v128.store(value + channel, f32x4.mul(v128.load(from + channel), part))
      value += bytes
    }
    from += fromStride
    to += toStride
  }
}

/** Cross-entropy of the softmax, summed over the samples, and its gradient by logit. */
export function loss(
  samples: i32,
  classes: i32,
  logits: usize,
  labels: usize,
  gradients: usize,
  stride: usize,
): f64 {
  let total: f64 = 0
  for (let i = 0; i < samples; i++) {
    let most = load<f32>(logits)
    for (let j = 1; j < classes; j++) most = max(most, load<f32>(logits + ((<usize>j) << 2)))
    let sum: f32 = 0
    for (let j = 0; j < classes; j++) {
      const place = (<usize>j) << 2
      const power = Mathf.exp(load<f32>(logits + place) - most)
      store<f32>(gradients + place, power)
      sum += power
    }
    const inverse = <f32>1 / sum
    for (let j = 0; j < classes; j++) {
      const place = gradients + ((<usize>j) << 2)
      store<f32>(place, load<f32>(place) * inverse)
    }
    const label = (<usize>load<u8>(labels + i)) << 2
    store<f32>(gradients + label, load<f32>(gradients + label) - 1)
    total += <f64>(Mathf.log(sum) + most - load<f32>(logits + label))
    logits += stride
    gradients += stride
  }
  return total
}

/** Where each sample's highest logit is; the first of equal ones counts. */
export function highest(samples: i32, classes: i32, logits: usize, stride: usize, to: usize): void {
  for (let i = 0; i < samples; i++) {
    let most = load<f32>(logits)
    let best = 0
    for (let j = 1; j < classes; j++) {
      const value = load<f32>(logits + ((<usize>j) << 2))
      if (value > most) {
        most = value
        best = j
      }
    }
    store<u8>(to + i, best)
    logits += stride
  }
}

/** Takes gradients away where the value was not above the floor; a multiple of 8 values. */
export function hold(values: usize, gradients: usize, count: i32, floor: f32): void {
  const least = f32x4.splat(floor)
  for (const end = values + ((<usize>count) << 2); values < end; values += 16) {
    v128.store(gradients, v128.and(v128.load(gradients), f32x4.gt(v128.load(values), least)))
    gradients += 16
  }
}

/** sums [columns] += the rows; columns are a multiple of 4. */
export function addRows(rows: i32, columns: i32, from: usize, stride: usize, sums: usize): void {
  for (let column: usize = 0, bytes = (<usize>columns) << 2; column < bytes; column += 16) {
    let sum = v128.load(sums + column)
    let value = from + column
    for (let row = 0; row < rows; row++) {
      sum = f32x4.add(sum, v128.load(value))
      value += stride
    }
    v128.store(sums + column, sum)
  }
}

/** velocity = momentum × velocity + rate × gradient, weight −= velocity, gradient = 0. Its rows lie `stride` apart. */
export function descend(
  rows: i32,
  columns: i32,
  gradients: usize,
  stride: usize,
  weights: usize,
  velocities: usize,
  rate: f32,
  momentum: f32,
): void {
  const rates = f32x4.splat(rate)
  const momenta = f32x4.splat(momentum)
  for (let row = 0; row < rows; row++) {
    let gradient = gradients + <usize>row * stride
    let column = columns
    for (; column >= 4; column -= 4) {
      const velocity = addProduct(momenta, v128.load(velocities), f32x4.mul(rates, v128.load(gradient)))
      v128.store(velocities, velocity)
      v128.store(weights, f32x4.sub(v128.load(weights), velocity))
      v128.store(gradient, f32x4.splat(0))
      gradient += 16
      velocities += 16
      weights += 16
    }
    for (; column > 0; column--) {
      const velocity = momentum * load<f32>(velocities) + rate * load<f32>(gradient)
      store<f32>(velocities, velocity)
      store<f32>(weights, load<f32>(weights) - velocity)
      store<f32>(gradient, 0)
      gradient += 4
      velocities += 4
      weights += 4
    }
  }
}
