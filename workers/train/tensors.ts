// The part of tfjs that training and scoring use. It is passed in, so that the same code runs in workers and in Node.
import type * as tf from '@tensorflow/tfjs-core'

/** What `import * as tf from '@tensorflow/tfjs-core'` satisfies. */
export type Tensors = Pick<
  typeof tf,
  | 'add'
  | 'conv2d'
  | 'logSoftmax'
  | 'matMul'
  | 'maxPool'
  | 'mean'
  | 'mul'
  | 'neg'
  | 'pad'
  | 'relu'
  | 'reshape'
  | 'scalar'
  | 'sub'
  | 'sum'
  | 'tensor1d'
  | 'tensor2d'
  | 'tensor4d'
  | 'tidy'
  | 'valueAndGrads'
>
export type Tensor = tf.Tensor
export type Tensor4D = tf.Tensor4D
export type Scalar = tf.Scalar
