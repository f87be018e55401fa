// What a CSV has to look like for a schema, in words: its columns in short, and what may stand in each.
import * as Schema from '../../protocol/schema.ts'

/** Such as `Its columns: acceleration.0 to acceleration.191 (64 steps of 3 values, step by step), activity.` */
export function words(schema: Schema.Schema): string {
  const named = schema.features.map((feature) => {
    const width = Schema.featureWidth(feature)
    if (width === 1) return feature.name
    return `${feature.name}.0 to ${feature.name}.${width - 1}${ordered(schema)}`
  })
  return `Its columns: ${[...named, schema.label.name].join(', ')}.`
}

function ordered(schema: Schema.Schema): string {
  const grid = Schema.grid(schema)
  if (grid === undefined || grid.channels === 1) return ''
  return ` (${grid.width} steps of ${grid.channels} values, step by step)`
}

/** What may stand in the cells of each feature and of the label. */
export function limits(schema: Schema.Schema): readonly string[] {
  const { label } = schema
  const features = schema.features.map((feature) => {
    if (feature.dtype === 'category')
      return `${feature.name}: ${feature.categories.join(', ')}; or empty where it is missing`
    const { minimum, maximum } = feature.range
    const kind = feature.dtype === 'uint8' ? 'a whole number' : 'a number'
    const empty = feature.dtype === 'uint8' ? '' : '; or empty where it is missing'
    return `${feature.name}: ${kind} from ${minimum} to ${maximum}${empty}`
  })
  const last =
    label.kind === 'classes'
      ? `${label.name}: ${label.classes.join(', ')}`
      : `${label.name}: a number from ${label.range.minimum} to ${label.range.maximum}`
  return [...features, last]
}
