// What one sample is: features and a label. Matching is equality of digests, so imports map into a known schema.
import * as v from 'valibot'
import * as Codec from './codec.ts'
import { BaseError } from './errors.ts'
import * as Model from './model.ts'

const name = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9_ ]{0,39}$/i, 'expected a name of 1 to 40 letters and digits'),
)
const word = v.pipe(
  v.string(),
  v.minLength(1, 'expected text'),
  v.maxLength(80, 'expected at most 80 characters'),
)
const finite = v.pipe(v.number(), v.finite('expected a finite number'))
const span = v.pipe(
  v.strictObject({ minimum: finite, maximum: finite }),
  v.check((range) => range.minimum < range.maximum, 'expected a minimum below the maximum'),
)

const feature = v.variant('dtype', [
  v.strictObject({
    name,
    dtype: v.picklist(['uint8', 'float32']),
    /** Empty for a single number; [rows, columns] or [rows, columns, channels] for pictures; [steps] or [steps, channels] for sequences. */
    shape: v.pipe(
      v.array(v.pipe(Codec.count, v.minValue(1, 'expected 1 or more'))),
      v.maxLength(3, 'expected at most 3'),
    ),
    range: span,
  }),
  v.strictObject({
    name,
    /** Stored as an index into `categories`, fed to a model as one input per category. */
    dtype: v.literal('category'),
    categories: v.pipe(
      v.array(word),
      v.minLength(2, 'expected 2 or more'),
      v.maxLength(255, 'expected at most 255'),
    ),
  }),
])

const label = v.variant('kind', [
  v.strictObject({
    kind: v.literal('classes'),
    name,
    classes: v.pipe(
      v.array(word),
      v.minLength(2, 'expected 2 or more'),
      v.maxLength(256, 'expected at most 256'),
    ),
  }),
  v.strictObject({ kind: v.literal('number'), name, range: span }),
])

const schema = v.pipe(
  v.strictObject({
    v: v.literal(1),
    kind: v.picklist(['image', 'table', 'sequence'], 'expected image, table or sequence'),
    title: word,
    features: v.pipe(
      v.array(feature),
      v.minLength(1, 'expected 1 or more'),
      v.maxLength(256, 'expected at most 256'),
    ),
    label,
  }),
  v.check(
    (value) => value.kind !== 'image' || isPicture(value.features),
    'expected an image to be one uint8 feature',
  ),
  v.check(
    (value) => value.kind !== 'sequence' || isSequence(value.features),
    'expected a sequence to be one feature of [steps] or [steps, channels]',
  ),
  v.check((value) => width(value) <= 65_536, 'expected at most 65,536 values per sample'),
)

type DeepReadonly<value> = value extends object
  ? { readonly [key in keyof value]: DeepReadonly<value[key]> }
  : value
export type Feature = DeepReadonly<v.InferOutput<typeof feature>>
export type Label = DeepReadonly<v.InferOutput<typeof label>>
export type Schema = {
  readonly v: 1
  readonly kind: 'image' | 'table' | 'sequence'
  readonly title: string
  readonly features: readonly Feature[]
  readonly label: Label
}

export function encode(value: Schema): Uint8Array<ArrayBuffer> {
  return Codec.encode(value)
}

export function decode(bytes: Uint8Array): Schema {
  return Codec.decode(schema, bytes, 'schema')
}

/** The digest by which offers and tasks name a schema. */
export function id(value: Schema): Codec.Hex {
  return Codec.digestOf(Codec.cidOf(encode(value)))
}

/** Pictures of handwritten digits, 28 by 28, as in MNIST. */
export const digits: Schema = {
  v: 1,
  kind: 'image',
  title: 'Handwritten digits, 28 × 28',
  features: [{ name: 'pixels', dtype: 'uint8', shape: [28, 28], range: { minimum: 0, maximum: 255 } }],
  label: { kind: 'classes', name: 'digit', classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] },
}

/** Four lengths in centimetres and three species, as in Fisher's irises. */
export const flowers: Schema = {
  v: 1,
  kind: 'table',
  title: 'Flower measurements',
  features: [
    { name: 'sepal_length', dtype: 'float32', shape: [], range: { minimum: 0, maximum: 10 } },
    { name: 'sepal_width', dtype: 'float32', shape: [], range: { minimum: 0, maximum: 10 } },
    { name: 'petal_length', dtype: 'float32', shape: [], range: { minimum: 0, maximum: 10 } },
    { name: 'petal_width', dtype: 'float32', shape: [], range: { minimum: 0, maximum: 10 } },
  ],
  label: { kind: 'classes', name: 'species', classes: ['setosa', 'versicolor', 'virginica'] },
}

/** What a carried phone feels in 3.2 s: acceleration with gravity in it, up to four times gravity. */
export const motion: Schema = {
  v: 1,
  kind: 'sequence',
  title: 'Motion of a phone: 64 steps of x, y, z at 20 Hz, in m/s²',
  features: [
    { name: 'acceleration', dtype: 'float32', shape: [64, 3], range: { minimum: -40, maximum: 40 } },
  ],
  label: { kind: 'classes', name: 'activity', classes: ['still', 'walking', 'running', 'stairs'] },
}

/** The built-in schemas; a task may bring another. */
export const catalogue: readonly Schema[] = [digits, flowers, motion]

export function find(schemaId: Codec.Hex): Schema | undefined {
  return catalogue.find((value) => id(value) === schemaId)
}

/** Numbers stored for one feature of one sample. */
export function featureWidth(value: Feature): number {
  return value.dtype === 'category' ? 1 : value.shape.reduce((product, size) => product * size, 1)
}

/** Numbers stored per sample. */
export function width(value: { readonly features: readonly Feature[] }): number {
  return value.features.reduce((total, each) => total + featureWidth(each), 0)
}

/** Numbers a model is fed per sample. */
export function inputs(value: Schema): number {
  return value.features.reduce((total, each) => {
    return total + (each.dtype === 'category' ? each.categories.length : featureWidth(each))
  }, 0)
}

/** Classes a model tells apart; 0 where the label is a number. */
export function classes(value: Schema): number {
  return value.label.kind === 'classes' ? value.label.classes.length : 0
}

/** How shards store this schema: bytes where every value is one, else 32-bit floats with NaN for missing values. */
export function storage(value: Schema): 'uint8' | 'float32' {
  return value.features.every((each) => each.dtype === 'uint8') ? 'uint8' : 'float32'
}

/** Column names of a CSV: the feature's name, or `name.0`, `name.1`… where it has several values, then the label's. */
export function columns(value: Schema): readonly string[] {
  const named = value.features.flatMap((each) => {
    if (each.dtype === 'category' || each.shape.length === 0) return [each.name]
    return Array.from({ length: featureWidth(each) }, (_, i) => `${each.name}.${i}`)
  })
  return [...named, value.label.name]
}

/** What becomes of each stored value: scaled into [0, 1] by its range, or spread over one input per category. */
export type Input = { readonly minimum: number; readonly scale: number; readonly categories: number }

/** One entry per stored value, in order. */
export function inputPlan(value: Schema): readonly Input[] {
  return value.features.flatMap((each): Input[] => {
    if (each.dtype === 'category') return [{ minimum: 0, scale: 1, categories: each.categories.length }]
    const { minimum, maximum } = each.range
    return new Array<Input>(featureWidth(each)).fill({
      minimum,
      scale: 1 / (maximum - minimum),
      categories: 0,
    })
  })
}

/** Refuses a model whose inputs or classes are not those of the schema. */
export function assertFits(value: Schema, model: Model.Spec): void {
  const width = Model.inputs(model)
  if (width !== inputs(value)) throw new MismatchError(`${width} inputs`, `${inputs(value)}`)
  if (model.classes !== classes(value))
    throw new MismatchError(`${model.classes} classes`, `${classes(value)}`)
}

function isPicture(features: readonly Feature[]): boolean {
  const [first] = features
  return features.length === 1 && first?.dtype === 'uint8' && first.shape.length >= 2
}

function isSequence(features: readonly Feature[]): boolean {
  const [first] = features
  return (
    features.length === 1 &&
    first !== undefined &&
    first.dtype !== 'category' &&
    first.shape.length >= 1 &&
    first.shape.length <= 2
  )
}

/** How the values of a picture or a sequence lie; undefined for tables. Sequences have one row, whose columns are steps. */
export function grid(
  value: Schema,
): { readonly height: number; readonly width: number; readonly channels: number } | undefined {
  const [first] = value.features
  if (value.kind === 'table' || first === undefined || first.dtype === 'category') return undefined
  const [one = 1, two = 1, three = 1] = first.shape
  if (value.kind === 'sequence') return { height: 1, width: one, channels: two }
  return { height: one, width: two, channels: three }
}

export class MismatchError extends BaseError {
  override readonly name = 'Schema.MismatchError'
  constructor(model: string, expected: string) {
    super({
      message: `The model has ${model}, its data set's schema gives ${expected}.`,
      advice: 'Choose a data set of the schema that the task names.',
    })
  }
}

export class UnknownError extends BaseError {
  override readonly name = 'Schema.UnknownError'
  constructor(schemaId: Codec.Hex) {
    super({
      message: `No built-in schema has the id ${schemaId.slice(0, 10)}….`,
      advice: 'Update the app, or choose one of the listed schemas.',
    })
  }
}
