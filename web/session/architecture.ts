// From what a form says of a model to its spec: which templates suit which data, what to start from, what does not fit.
import * as v from 'valibot'
import * as Backbone from '../../protocol/backbone.ts'
import type { ConvolutionSpec } from '../../protocol/layer.ts'
import * as Model from '../../protocol/model.ts'
import * as Relay from '../../protocol/relay.ts'
import * as Schema from '../../protocol/schema.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'
import type { BackboneView } from './view/draft.ts'

export type Architecture = {
  readonly template: Model.Template
  /** Units of each dense layer before the last. */
  readonly hidden: readonly number[]
  /** Of templates that have them. */
  readonly convolutions: readonly ConvolutionSpec[]
  /** What a head builds on. */
  readonly backbone: BackboneView | undefined
}

export type Part = 'hidden' | 'convolutions' | 'backbone'
/** A field that does not fit, and a sentence that says why. */
export type Misfit = { readonly part: Part; readonly sentence: string }

/** Most parameters of a model that travels: encrypted to as many as may take part, it is one block of the network. */
const mostParameters = Math.floor((Relay.limits.blockBytes - SealedModel.maximumBytes(0)) / 4)

const suitable = {
  image: ['mlp', 'cnn', 'head'],
  table: ['softmax', 'mlp'],
  sequence: ['sequence', 'softmax'],
} as const satisfies Record<Schema.Schema['kind'], readonly Model.Template[]>

/** Templates for data of this kind, the one to start from first. */
export function templates({ kind }: Schema.Schema): readonly [Model.Template, ...Model.Template[]] {
  return suitable[kind]
}

/** A convolution as people add it: as large as what it looks at, over every place. */
export function convolution(filters: number, kernel: number, pool: number): ConvolutionSpec {
  return { filters, kernel, stride: 1, padding: 'same', pool }
}

/** What works for a small data set of the kind that a template is for. */
export function initial(template: Model.Template): Architecture {
  const hidden = { softmax: [], mlp: [41], cnn: [32], sequence: [], head: [] }[template]
  const convolutions = {
    softmax: [],
    mlp: [],
    cnn: [convolution(8, 5, 2), convolution(16, 5, 2)],
    sequence: [convolution(8, 7, 2), convolution(16, 7, 4)],
    head: [],
  }[template]
  return { template, hidden, convolutions, backbone: undefined }
}

/** The model for samples of a schema, or what of it does not fit. */
export function of(
  { template, hidden, convolutions, backbone }: Architecture,
  schema: Schema.Schema,
): { readonly model: Model.Spec } | { readonly misfit: Misfit } {
  const sizes = { inputs: Schema.inputs(schema), classes: Schema.classes(schema) }
  const { classes } = sizes
  const grid = Schema.grid(schema)
  switch (template) {
    case 'softmax':
      return checked({ template, ...sizes }, 'hidden')
    case 'mlp':
      return checked({ template, ...sizes, hidden }, 'hidden')
    case 'cnn':
      if (grid === undefined) return misfit('convolutions', 'Convolutions need pictures or sequences.')
      return checked({ template, ...grid, convolutions, hidden, classes }, 'convolutions')
    case 'sequence':
      if (grid?.height !== 1) return misfit('convolutions', 'A sequence network needs sequences.')
      return checked(
        { template, steps: grid.width, channels: grid.channels, convolutions, hidden, classes },
        'convolutions',
      )
    case 'head': {
      if (backbone === undefined) return misfit('backbone', 'Choose the model file to build on.')
      const taken = Model.inputs(backbone.model)
      if (taken !== sizes.inputs)
        return misfit(
          'backbone',
          `This model takes samples of ${counted(taken)} values; this schema has ${counted(sizes.inputs)}.`,
        )
      const features = Backbone.features(backbone.model)
      const multiplyAdds = Backbone.multiplyAdds(backbone.model)
      return checked({ template, backbone: backbone.id, ...sizes, features, multiplyAdds, hidden }, 'hidden')
    }
    default:
      return template satisfies never
  }
}

function checked(
  model: Model.Spec,
  part: Part,
): { readonly model: Model.Spec } | { readonly misfit: Misfit } {
  const result = v.safeParse(Model.specSchema, model, { abortEarly: true })
  if (!result.success) {
    const [issue] = result.issues
    const named = v.getDotPath(issue)?.startsWith('hidden') === true
    return misfit(named ? 'hidden' : part, `${issue.message.replace(/^e/, 'E')}.`)
  }
  const parameters = Model.parameterCount(model)
  if (parameters > mostParameters)
    return misfit(
      part,
      `${counted(parameters)} parameters are too many: at most ${counted(mostParameters)} travel in one piece.`,
    )
  return { model }
}

function misfit(part: Part, sentence: string): { readonly misfit: Misfit } {
  return { misfit: { part, sentence } }
}

function counted(value: number): string {
  return value.toLocaleString('en')
}
