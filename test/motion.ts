// Made-up motion of a phone in a pocket, from what is known of gait: cadence, bounce, sway of the thigh, gravity, noise.
import * as Prng from '../protocol/prng.ts'
import * as Schema from '../protocol/schema.ts'
import type { Source } from '../workers/tensors/batches.ts'
import * as Examples from './examples.ts'

const [steps, rate, gravity] = [64, 20, 9.81]

type Range = readonly [number, number]
type Gait = {
  /** Steps per second, and how much one differs from the next. */
  readonly cadence: Range
  readonly jitter: number
  /** m/s² along gravity at each step, and the share of it at twice the cadence. */
  readonly bounce: Range
  readonly impact: Range
  /** Degrees by which the thigh swings around the hip, once in two steps. */
  readonly swing: Range
}

/** In the order of the schema's classes. Ranges of walking and stairs overlap in everything but how far the thigh swings. */
const gaits: readonly Gait[] = [
  { cadence: [0.1, 0.4], jitter: 0.3, bounce: [0, 0.3], impact: [0, 0.2], swing: [0, 3] },
  { cadence: [1.6, 2.2], jitter: 0.05, bounce: [2, 4.5], impact: [0.2, 0.5], swing: [8, 20] },
  { cadence: [2.4, 3.1], jitter: 0.06, bounce: [7, 13], impact: [0.1, 0.4], swing: [18, 32] },
  { cadence: [1.2, 1.7], jitter: 0.1, bounce: [1.5, 4], impact: [0.3, 0.7], swing: [32, 48] },
]

type Vector = readonly [number, number, number]

/** Samples of all classes alike, in shards; a phone lies differently in each, so that gravity says nothing of the class. */
export function source(samples: number, seed: number): Source {
  const prng = Prng.from(seed)
  const rows = Array.from({ length: samples }, (_, i) => ({ label: i % 4, features: sample(i % 4, prng) }))
  return Examples.sourceOf(Schema.motion, Examples.shardsOf(rows))
}

/** The same as a file that the app imports. */
export function csv(samples: number, seed: number): File {
  const prng = Prng.from(seed)
  const { label } = Schema.motion
  const lines = Array.from({ length: samples }, (_, i) => {
    const name = label.kind === 'classes' ? (label.classes[i % 4] ?? '') : ''
    return [...sample(i % 4, prng).map((value) => value.toFixed(3)), name].join(',')
  })
  return new File([[Schema.columns(Schema.motion).join(','), ...lines].join('\n')], 'motion.csv')
}

function sample(activity: number, prng: Prng.Prng): readonly number[] {
  const gait = gaits[activity] ?? gaits[0]
  if (gait === undefined) return []
  const within = ([low, high]: Range) => low + (high - low) * Prng.unit(prng)
  const [cadence, bounce, impact] = [within(gait.cadence), within(gait.bounce), within(gait.impact)]
  const swing = (within(gait.swing) * Math.PI) / 180
  const [up, ahead] = axes(prng)
  const bias: Vector = [0.1 * Examples.normal(prng), 0.1 * Examples.normal(prng), 0.1 * Examples.normal(prng)]
  // Someone who stands still takes the phone out, or shifts on their feet, now and then.
  const jolt =
    activity === 0 && Prng.unit(prng) < 0.3 ? { at: within([0, 3.2]), size: within([2, 8]) } : undefined
  let phase = Prng.unit(prng)
  let pace = cadence
  return Array.from({ length: steps }, (_, i) => {
    const before = Math.floor(phase)
    phase += pace / rate
    if (Math.floor(phase) > before) pace = cadence * (1 + gait.jitter * Examples.normal(prng))
    const turn = 2 * Math.PI * phase
    const lift = bounce * (Math.sin(turn) + impact * Math.sin(2 * turn + 0.6))
    const push = 0.4 * bounce * Math.cos(turn)
    const angle = swing * Math.sin(turn / 2)
    const shake = jolt === undefined ? 0 : jolt.size * Math.exp(-(((i / rate - jolt.at) / 0.12) ** 2))
    // The pocket turns with the thigh, and what is up and ahead turns in it.
    const [vertical, level] = [gravity + lift + shake, push]
    const along = vertical * Math.cos(angle) - level * Math.sin(angle)
    const across = vertical * Math.sin(angle) + level * Math.cos(angle)
    return up.map((value, axis) => {
      const felt =
        along * value + across * (ahead[axis] ?? 0) + (bias[axis] ?? 0) + 0.2 * Examples.normal(prng)
      return Math.max(-40, Math.min(40, felt))
    })
  }).flat()
}

/** Two directions at a right angle, in no order that anyone chose. */
function axes(prng: Prng.Prng): readonly [Vector, Vector] {
  const up = unit([Examples.normal(prng), Examples.normal(prng), Examples.normal(prng)])
  const other: Vector = [Examples.normal(prng), Examples.normal(prng), Examples.normal(prng)]
  const shared = up[0] * other[0] + up[1] * other[1] + up[2] * other[2]
  return [up, unit([other[0] - shared * up[0], other[1] - shared * up[1], other[2] - shared * up[2]])]
}

function unit([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z)
  return [x / length, y / length, z / length]
}
