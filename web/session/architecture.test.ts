// Each template that suits some data is a model for it as it is proposed, and what does not fit is said of its field.
import { describe, expect, test } from 'vitest'
import * as Backbone from '../../protocol/backbone.ts'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Architecture from './architecture.ts'
import type { BackboneView } from './view/draft.ts'

const trained = { template: 'mlp', inputs: 784, hidden: [64, 20], classes: 10 } as const
const backbone: BackboneView = { id: `0x${'ab'.repeat(32)}`, model: trained, bytes: 200_000 }

const offered = Schema.catalogue.flatMap((schema) =>
  Architecture.templates(schema).map((template) => ({ schema, template, title: schema.title })),
)

function specOf(architecture: Partial<Architecture.Architecture>, schema = Schema.digits): Model.Spec {
  const planned = Architecture.of({ ...Architecture.initial('mlp'), ...architecture }, schema)
  if ('misfit' in planned) throw new Error(planned.misfit.sentence)
  return planned.model
}

function misfitOf(architecture: Partial<Architecture.Architecture>, schema = Schema.digits) {
  const planned = Architecture.of({ ...Architecture.initial('mlp'), ...architecture }, schema)
  return 'misfit' in planned ? planned.misfit : undefined
}

describe('an architecture', () => {
  test.each(offered)('$template for $title fits as it is proposed', ({ schema, template }) => {
    const initial = { ...Architecture.initial(template), backbone }
    const spec = specOf(initial, schema)
    expect(spec.template).toBe(template)
    expect(() => Schema.assertFits(schema, spec)).not.toThrow()
    expect(Model.parameterCount(spec)).toBeLessThan(40_000)
  })

  test('of a convolutional network is laid over the picture', () => {
    expect(specOf(Architecture.initial('cnn'))).toMatchObject({ height: 28, width: 28, channels: 1 })
    expect(specOf(Architecture.initial('sequence'), Schema.motion)).toMatchObject({ steps: 64, channels: 3 })
  })

  test('of a head takes the features of its backbone', () => {
    const spec = specOf({ template: 'head', hidden: [], backbone })
    expect(spec).toEqual({
      ...{ template: 'head', backbone: backbone.id, inputs: 784, features: 20, hidden: [], classes: 10 },
      multiplyAdds: 784 * 64 + 64 * 20,
    })
    if (spec.template === 'head') expect(() => Backbone.assertFits(trained, spec)).not.toThrow()
  })

  const convolutions = (filters: number, kernel: number, pool: number) => [
    Architecture.convolution(filters, kernel, pool),
  ]
  test.each([
    [{ hidden: [] }, 'hidden', 'Expected a hidden layer.'],
    [{ hidden: [70_000] }, 'hidden', 'Expected at most 65,536.'],
    [{ hidden: [400] }, 'hidden', '318,010 parameters are too many: at most 251,868 travel in one piece.'],
    [{ template: 'cnn', convolutions: [] }, 'convolutions', 'Expected a convolution.'],
    [
      { template: 'cnn', convolutions: [...convolutions(4, 3, 8), ...convolutions(4, 3, 8)] },
      'convolutions',
      'Expected each layer to leave values for the next: plan fewer layers, less pooling or smaller kernels.',
    ],
    [
      { template: 'cnn', convolutions: convolutions(64, 3, 1), hidden: [32] },
      'convolutions',
      '1,606,634 parameters are too many: at most 251,868 travel in one piece.',
    ],
    [{ template: 'cnn', convolutions: convolutions(4, 3, 2), hidden: [0] }, 'hidden', 'Expected 1 or more.'],
    [{ template: 'sequence' }, 'convolutions', 'A sequence network needs sequences.'],
    [{ template: 'head' }, 'backbone', 'Choose the model file to build on.'],
    [
      { template: 'head', backbone: { ...backbone, model: { ...trained, inputs: 64 } } },
      'backbone',
      'This model takes samples of 64 values; this schema has 784.',
    ],
  ] satisfies [Partial<Architecture.Architecture>, Architecture.Misfit['part'], string][])(
    'with %o does not fit, and says why',
    (wrong, part, sentence) => {
      expect(misfitOf(wrong)).toEqual({ part, sentence })
    },
  )
})
