// A new task as a person types it: texts in; a checked draft, or one sentence per field, out.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Cohort from '../../protocol/cohort.ts'
import * as He from '../../protocol/he.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Schema from '../../protocol/schema.ts'
import type { TaskDraft, Token } from '../session/api.ts'
import * as Amount from './amount.ts'
import * as Invitations from './invitations.ts'
import { type NumberField, fields } from './taskFields.ts'

export class TaskForm {
  title = $state('')
  description = $state('')
  template = $state<TaskDraft['template']>('mlp')
  /** Sizes with commas between them. */
  hidden = $state('')
  valueBits = $state('16')
  testSet = $state('')
  plan = $state<TaskDraft['plan']>('equal')
  /** Released data set of the warm start; empty for none. */
  warmSet = $state('')
  warmEpochs = $state('1')
  byCommittee = $state(false)
  /** One account a line. */
  invited = $state('')
  readonly numbers = $state<Record<string, string>>({})
  errors = $state.raw<Readonly<Record<string, string>>>({})
  readonly schemaId: TaskDraft['schemaId']
  readonly #base: TaskDraft
  readonly #token: Token | undefined

  constructor(base: TaskDraft, token: Token | undefined) {
    this.#base = base
    this.#token = token
    this.schemaId = base.schemaId
    this.title = base.title
    this.description = base.description
    this.template = base.template
    this.hidden = base.hidden.join(', ')
    this.valueBits = `${base.valueBits}`
    this.testSet = base.testSet
    this.plan = base.plan
    this.warmSet = base.warmStart?.dataSet ?? ''
    this.warmEpochs = `${base.warmStart?.epochs ?? 1}`
    this.byCommittee = base.scoring === 'committee'
    this.invited = base.invited.join('\n')
    for (const field of fields) this.numbers[field.name] = this.#text(field)
  }

  /** Parameters, and encrypted bytes of one update; undefined while what decides them cannot be read. */
  readonly size = $derived.by(() => {
    const schema = Schema.find(this.schemaId)
    const hidden = this.#layers()
    const providers = Number(this.numbers['maxDatas'])
    if (schema === undefined || hidden === undefined || !(providers >= 1 && providers <= 255))
      return undefined
    const spec = {
      template: this.template,
      inputs: Schema.inputs(schema),
      hidden,
      classes: Schema.classes(schema),
    }
    const parameters = Model.parameterCount(spec)
    const he = He.parametersFor(this.valueBits === '8' ? 8 : 16, providers)
    return { parameters, bytes: Packing.count(parameters, he) * Ciphertext.packedBytes }
  })

  unit(field: NumberField): string {
    return field.kind === 'tokens' ? (this.#token?.symbol ?? 'base units') : field.unit
  }

  /** The draft, or undefined after filling `errors`. */
  read(): TaskDraft | undefined {
    const errors: Record<string, string> = {}
    let draft = this.#base
    for (const field of fields) {
      const read = this.#parse(field)
      if (read === undefined) errors[field.name] = this.#expected(field)
      else draft = field.write(draft, read.value, read.amount)
    }
    const hidden = this.#layers()
    if (this.title.trim() === '') errors['title'] = 'Give the task a title.'
    if (hidden === undefined) errors['hidden'] = 'Write one size per layer, such as 41 or 64, 32.'
    if (this.testSet === '') errors['testSet'] = 'Choose the data set that measures accuracy.'
    if (draft.maxDatas < draft.minDatas) errors['maxDatas'] = 'At least as many as the fewest.'
    if (draft.maxComputes < draft.minComputes) errors['maxComputes'] = 'At least as many as the fewest.'
    if (draft.minCohort > draft.minDatas) errors['minCohort'] = 'At most the fewest data providers.'
    const groups = Cohort.countOf(draft.maxDatas, draft)
    if (draft.maxCohorts > groups)
      errors['maxCohorts'] = `At most ${groups}: so many have room for twice ${draft.minCohort} updates.`
    const warmEpochs = Number(this.warmEpochs)
    if (this.warmSet !== '' && !(Number.isInteger(warmEpochs) && warmEpochs >= 1 && warmEpochs <= 100))
      errors['warmEpochs'] = 'Write a whole number from 1 to 100.'
    const invited = Invitations.read(this.invited, draft.minDatas)
    if ('error' in invited) errors['invited'] = invited.error
    this.errors = errors
    if ('error' in invited || Object.keys(errors).length > 0) return undefined
    return {
      ...draft,
      title: this.title.trim(),
      description: this.description.trim(),
      template: this.template,
      hidden: hidden ?? [],
      valueBits: this.valueBits === '8' ? 8 : 16,
      testSet: this.testSet,
      plan: this.plan,
      warmStart: this.warmSet === '' ? undefined : { dataSet: this.warmSet, epochs: warmEpochs },
      scoring: this.byCommittee && this.plan !== 'equal' ? 'committee' : 'own',
      invited: invited.accounts,
    }
  }

  #layers(): readonly number[] | undefined {
    if (this.template === 'softmax') return []
    const sizes = this.hidden.split(',').map((each) => Number(each.trim()))
    return sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 65_536) ? sizes : undefined
  }

  #text(field: NumberField): string {
    const value = field.read(this.#base)
    return typeof value === 'bigint' ? Amount.text(value, this.#token) : `${value}`
  }

  #parse(field: NumberField): { readonly value: number; readonly amount: bigint } | undefined {
    const typed = (this.numbers[field.name] ?? '').trim()
    if (field.kind === 'tokens') {
      const amount = Amount.parse(typed, this.#token)
      return amount === undefined ? undefined : { value: 0, amount }
    }
    const value = Number(typed)
    const fits = typed !== '' && value >= field.least && value <= field.most
    return fits && (field.kind === 'decimal' || Number.isInteger(value)) ? { value, amount: 0n } : undefined
  }

  #expected(field: NumberField): string {
    if (field.kind === 'tokens') {
      return `Write an amount in ${this.unit(field)}, such as 12.5, with at most ${this.#token?.decimals ?? 0} decimals.`
    }
    const kind = field.kind === 'integer' ? 'a whole number' : 'a number'
    return `Write ${kind} from ${field.least} to ${field.most.toLocaleString('en')}.`
  }
}
