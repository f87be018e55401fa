// A new task as a person types it: texts in; a checked draft, or one sentence per field, out.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Cohort from '../../protocol/cohort.ts'
import * as He from '../../protocol/he.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as JobPost from '../../protocol/roles/jobPost.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Architecture from '../session/architecture.ts'
import type { Token } from '../session/view/device.ts'
import type { BackboneView, TaskDraft } from '../session/view/draft.ts'
import * as Amount from './amount.ts'
import * as Invitations from './invitations.ts'
import { type NumberField, fields } from './taskFields.ts'

type Convolution = TaskDraft['convolutions'][number]
/** A convolution as it is typed. */
type Typed = { filters: string; kernel: string; pool: string }

function typed({ filters, kernel, pool }: Convolution): Typed {
  return { filters: `${filters}`, kernel: `${kernel}`, pool: `${pool}` }
}

/** The parts of a convolution that are typed, and the most that each may be. */
const cells = [
  { key: 'filters', most: 512 },
  { key: 'kernel', most: 31 },
  { key: 'pool', most: 8 },
] as const

function fits(text: string, most: number): boolean {
  return /^[1-9][0-9]*$/.test(text.trim()) && Number(text) <= most
}

function parsed(row: Typed): Convolution | undefined {
  if (!cells.every(({ key, most }) => fits(row[key], most))) return undefined
  return Architecture.convolution(Number(row.filters), Number(row.kernel), Number(row.pool))
}

type Checked = {
  readonly errors: Readonly<Record<string, string>>
  readonly draft: TaskDraft | undefined
}

export class TaskForm {
  title = $state('')
  description = $state('')
  template = $state<TaskDraft['template']>('mlp')
  /** By template: sizes with commas between them. */
  readonly hidden = $state<Partial<Record<TaskDraft['template'], string>>>({})
  /** Of the templates that have them, first layer first. */
  convolutions = $state<Typed[]>([])
  backbone = $state.raw<BackboneView>()
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
  /** Whether somebody tried to create the task: errors are shown from then on, and go as they are mended. */
  #isTried = $state(false)
  readonly schemaId: TaskDraft['schemaId']
  /** Those that suit the schema. */
  readonly templates: readonly TaskDraft['template'][]
  readonly #base: TaskDraft
  readonly #token: Token | undefined
  readonly #isReleased: (dataSet: string) => boolean

  /** `isReleased` tells whether the rows of a data set were given away. */
  constructor(base: TaskDraft, token: Token | undefined, isReleased: (dataSet: string) => boolean) {
    this.#isReleased = isReleased
    this.#base = base
    this.#token = token
    this.schemaId = base.schemaId
    this.title = base.title
    this.description = base.description
    this.template = base.template
    const schema = Schema.find(base.schemaId)
    this.templates = schema === undefined ? [base.template] : Architecture.templates(schema)
    for (const template of this.templates) {
      const { hidden, convolutions } = template === base.template ? base : Architecture.initial(template)
      this.hidden[template] = hidden.join(', ')
      if (convolutions.length > 0) this.convolutions = convolutions.map(typed)
    }
    this.backbone = base.backbone
    this.valueBits = `${base.valueBits}`
    this.testSet = base.testSet
    this.plan = base.plan
    this.warmSet = base.warmStart?.dataSet ?? ''
    this.warmEpochs = `${base.warmStart?.epochs ?? 1}`
    this.byCommittee = base.scoring === 'committee'
    this.invited = base.invited.join('\n')
    for (const field of fields) this.numbers[field.name] = this.#text(field)
  }

  /** What is typed as a spec, or the field that does not fit; undefined while a field cannot be read. */
  readonly #planned = $derived.by(() => {
    const schema = Schema.find(this.schemaId)
    const hidden = this.#layers()
    const convolutions = this.#rows()
    if (schema === undefined || hidden === undefined || convolutions === undefined) return undefined
    const { template, backbone } = this
    return Architecture.of({ template, hidden, convolutions, backbone }, schema)
  })

  /** The model, and encrypted bytes of one update; undefined while what decides them cannot be read. */
  readonly size = $derived.by(() => {
    const providers = Number(this.numbers['maxDatas'])
    const planned = this.#planned
    if (planned === undefined || 'misfit' in planned || !(providers >= 1 && providers <= 255))
      return undefined
    const he = He.parametersFor(this.valueBits === '8' ? 8 : 16, providers)
    const parameters = Model.parameterCount(planned.model)
    return { model: planned.model, bytes: Packing.count(parameters, he) * Ciphertext.packedBytes }
  })

  /** What does not fit, as soon as all fields of the model can be read. */
  readonly misfit = $derived.by(() =>
    this.#planned !== undefined && 'misfit' in this.#planned ? this.#planned.misfit : undefined,
  )

  /** Whether others may be shown the test set. */
  readonly isTestReleased = $derived.by(() => this.#isReleased(this.testSet))

  readonly #checked = $derived.by(() => this.#check())

  /** By field. */
  readonly errors: Checked['errors'] = $derived.by(() => (this.#isTried ? this.#checked.errors : {}))

  /** What creating the task takes from the account; undefined while an amount cannot be read. */
  readonly escrow: bigint | undefined = $derived.by(() => {
    const amounts = ['dataPool', 'computePool', 'bond'].map((name) =>
      Amount.parse(this.numbers[name] ?? '', this.#token),
    )
    return amounts.every((each) => each !== undefined) ? amounts.reduce((a, b) => a + b, 0n) : undefined
  })

  unit(field: NumberField): string {
    return field.kind === 'tokens' ? (this.#token?.symbol ?? 'base units') : field.unit
  }

  /** The draft, or undefined while there are `errors`. */
  read(): TaskDraft | undefined {
    this.#isTried = true
    return this.#checked.draft
  }

  #check(): Checked {
    const errors: Record<string, string> = {}
    let draft = this.#base
    for (const field of fields) {
      const read = this.#parse(field)
      if (read === undefined) errors[field.name] = this.#expected(field)
      else draft = field.write(draft, read.value, read.amount)
    }
    const [hidden, convolutions] = [this.#layers(), this.#rows()]
    if (this.title.trim() === '') errors['title'] = 'Give the task a title.'
    if (hidden === undefined) errors['hidden'] = 'Write one size per layer, such as 41 or 64, 32.'
    if (convolutions === undefined)
      this.convolutions.forEach((row, i) => {
        for (const { key, most } of cells)
          if (!fits(row[key], most)) errors[`${key} ${i}`] = `From 1 to ${most}.`
      })
    if (this.misfit !== undefined) errors[this.misfit.part] = this.misfit.sentence
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
    const silence = JobPost.silence(draft.timeouts, draft.timeouts.update)
    if (this.warmSet !== '' && draft.idleWindow < silence)
      errors['idleWindow'] =
        `At least ${silence.toLocaleString('en')} where rows are trained first: the warm start lies before the rounds.`
    const invited = Invitations.read(this.invited, draft.minDatas)
    if ('error' in invited) errors['invited'] = invited.error
    if ('error' in invited || Object.keys(errors).length > 0) return { errors, draft: undefined }
    const whole = {
      ...draft,
      title: this.title.trim(),
      description: this.description.trim(),
      template: this.template,
      hidden: hidden ?? [],
      convolutions: convolutions ?? [],
      backbone: this.backbone,
      valueBits: this.valueBits === '8' ? 8 : 16,
      testSet: this.testSet,
      plan: this.plan,
      warmStart: this.warmSet === '' ? undefined : { dataSet: this.warmSet, epochs: warmEpochs },
      scoring: this.byCommittee && this.isTestReleased && this.plan !== 'equal' ? 'committee' : 'own',
      invited: invited.accounts,
    } satisfies TaskDraft
    return { errors, draft: whole }
  }

  #layers(): readonly number[] | undefined {
    const text = (this.hidden[this.template] ?? '').trim()
    if (text === '' && this.template !== 'mlp') return []
    const sizes = text.split(',').map((each) => Number(each.trim()))
    return sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 65_536) ? sizes : undefined
  }

  #rows(): readonly Convolution[] | undefined {
    if (this.template !== 'cnn' && this.template !== 'sequence') return []
    const rows = this.convolutions.map(parsed)
    return rows.every((row) => row !== undefined) ? rows : undefined
  }

  /** Adds a convolution like the last one, or takes one away. */
  addConvolution(): void {
    this.convolutions.push({ ...(this.convolutions.at(-1) ?? { filters: '8', kernel: '3', pool: '2' }) })
  }

  removeConvolution(index: number): void {
    this.convolutions.splice(index, 1)
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
