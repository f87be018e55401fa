// Models and files in words that people read before they agree or import.
import { expect, test } from 'vitest'
import type * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Columns from './columns.ts'
import * as ModelWords from './modelWords.ts'

const convolution = { filters: 8, kernel: 5, stride: 1, padding: 'same', pool: 2 } as const
const sizes = { convolutions: [convolution, convolution], classes: 4 }

test.each([
  [{ template: 'softmax', inputs: 4, classes: 3 }, 'Softmax regression, 15 parameters'],
  [{ template: 'mlp', inputs: 4, hidden: [5], classes: 3 }, 'One hidden layer, 43 parameters'],
  [
    { template: 'cnn', height: 28, width: 28, channels: 1, ...sizes, hidden: [32] },
    'Two convolutions and one hidden layer, 14,524 parameters',
  ],
  [
    { template: 'sequence', steps: 64, channels: 3, ...sizes, hidden: [] },
    'Two convolutions over time, 492 parameters',
  ],
  [
    { template: 'head', backbone: '0x', inputs: 784, features: 20, multiplyAdds: 9, hidden: [], classes: 5 },
    'A head on a frozen model, 105 parameters',
  ],
] satisfies [Model.Spec, string][])('%o is named', (spec, words) => {
  expect(ModelWords.words(spec)).toBe(words)
})

test('the columns of a file are named, and what may stand in them', () => {
  expect(Columns.words(Schema.motion)).toBe(
    'Its columns: acceleration.0 to acceleration.191 (64 steps of 3 values, step by step), activity.',
  )
  expect(Columns.limits(Schema.motion)).toEqual([
    'acceleration: a number from -40 to 40; or empty where it is missing',
    'activity: still, walking, running, stairs',
  ])
  expect(Columns.words(Schema.flowers)).toBe(
    'Its columns: sepal_length, sepal_width, petal_length, petal_width, species.',
  )
})
