// What a form gives becomes a spec and terms that belong together, or a sentence about the field that does not fit.
import { describe, expect, test } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Invitation from '../../protocol/invitation.ts'
import * as Schema from '../../protocol/schema.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Architecture from './architecture.ts'
import * as Draft from './draft.ts'
import type { TaskDraft } from './view/draft.ts'

const market = `0x${'11'.repeat(20)}` as const
const by: Draft.By = {
  config: {
    chainId: 31_337,
    market,
    token: market,
    deployBlock: 0,
    confirmations: 0,
    rpc: [],
    relays: [],
    vaultOrigin: '',
    local: true,
  },
  modelProvider: market,
  opener: market,
  testSet: { commitment: `0x${'22'.repeat(32)}`, samples: 10 },
  released: undefined,
  now: 1_900_000_000,
}
const draft: TaskDraft = { ...Draft.initial(Schema.id(Schema.digits), 6, true), title: ' Digits ' }

describe('a draft', () => {
  test.each(Schema.catalogue)('for $title works as it is proposed', (schema) => {
    const { id, terms, spec } = Draft.make({ ...Draft.initial(Schema.id(schema), 6, true), title: 'x' }, by)
    expect(() => TaskSpec.assertBound(spec, terms)).not.toThrow()
    expect(Terms.id(market, terms)).toBe(id)
    Schema.assertFits(schema, spec.model)
  })

  test.each(['mlp', 'cnn', 'head'] as const)('says of a model (%s) what the form showed', (template) => {
    const trained = { template: 'mlp', inputs: 784, hidden: [20], classes: 5 } as const
    const backbone = { id: `0x${'ab'.repeat(32)}` as const, model: trained, bytes: 1 }
    const architecture = { ...Architecture.initial(template), backbone }
    const { terms, spec } = Draft.make({ ...draft, ...architecture }, by)
    expect(Architecture.of(architecture, Schema.digits)).toEqual({ model: spec.model })
    expect(() => TaskSpec.assertBound(spec, terms)).not.toThrow()
  })

  test('gets an update of as many words as its ciphertexts have', () => {
    const { terms, spec } = Draft.make(draft, by)
    expect(spec.title).toBe('Digits')
    expect((terms.words * 32) / Ciphertext.bytes).toBe(4)
    const halved = Draft.make({ ...draft, valueBits: 8, maxDatas: 8 }, by)
    expect((halved.terms.words * 32) / Ciphertext.bytes).toBe(2)
  })

  test('binds itself to its plan and to who is invited', () => {
    const invited = ['aa', 'bb', 'cc'].map((byte) => `0x${byte.repeat(20)}` as const)
    const { terms } = Draft.make({ ...draft, plan: 'proportional', invited }, by)
    expect(terms).toMatchObject({ plan: 'proportional', invited: Invitation.root(invited) })
    expect(Draft.make(draft, by).terms).toMatchObject({ plan: 'equal', invited: Terms.noHash })
  })

  test('asks for as many cohorts as it names', () => {
    expect(Draft.make({ ...draft, maxCohorts: 2 }, by).terms.maxCohorts).toBe(2)
    expect(Draft.make(draft, by).terms.maxCohorts).toBe(1)
  })

  test('made twice is two tasks', () => {
    expect(Draft.make(draft, by).id).not.toBe(Draft.make(draft, by).id)
  })

  test.each([
    [{ title: '' }, 'title: expected a title'],
    [{ minDatas: 2 }, 'expected minCohort up to minDatas'],
    [{ minComputes: 1 }, 'expected a threshold up to minComputes'],
    [{ template: 'head' }, 'backbone: Choose the model file to build on.'],
    [{ template: 'cnn' }, 'convolutions: Expected a convolution.'],
    [{ rounds: 300 }, 'expected at most 255'],
    [{ bond: 1n << 130n }, 'expected an amount below 2^128'],
    [{ invited: [market] }, 'invited: expected 3 accounts or more'],
  ] satisfies [Partial<TaskDraft>, string][])('with %o names what does not fit', (wrong, sentence) => {
    const make = () => Draft.make({ ...draft, ...wrong }, by)
    expect(make).toThrow(Draft.FieldError)
    expect(make).toThrow(sentence)
  })
})
