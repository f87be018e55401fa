// The part of tfjs that training and scoring use. It is passed in, so that the same code runs in workers and in Node.
import type * as tf from '@tensorflow/tfjs-core'

/** What `import * as tf from '@tensorflow/tfjs-core'` satisfies. */
export type Tensors = Pick<
  typeof tf,
  | 'add'
  | 'argMax'
  | 'env'
  | 'fill'
  | 'fused'
  | 'getBackend'
  | 'log'
  | 'matMul'
  | 'maximum'
  | 'memory'
  | 'mul'
  | 'neg'
  | 'reshape'
  | 'scalar'
  | 'setBackend'
  | 'softmax'
  | 'step'
  | 'sub'
  | 'sum'
  | 'tensor1d'
  | 'tensor2d'
  | 'tidy'
  | 'transpose'
  | 'zeros'
>
export type Tensor = tf.Tensor
export type Scalar = tf.Scalar
