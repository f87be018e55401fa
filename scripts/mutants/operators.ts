// Small mistakes that a tired author could make, as edits of Solidity source: what the tests are expected to notice.
import { createHash } from 'node:crypto'
import * as Ast from './ast.ts'

export const operators = [
  'comparison',
  'require',
  'off-by-one',
  'operands',
  'effect',
  'negation',
  'logic',
] as const
export type Operator = (typeof operators)[number]

export type Mutant = {
  /** Made of file, operator and what the lines say, so that edits elsewhere leave it alone. */
  readonly id: string
  readonly file: string
  readonly operator: Operator
  /** Line, from one, on which it begins. */
  readonly line: number
  /** The lines it touches, in one, before and after. */
  readonly was: string
  readonly becomes: string
  /** The whole file with the mistake in it. */
  readonly source: string
}

/** Replaces bytes [start, end) of a file. */
type Edit = {
  readonly operator: Operator
  readonly start: number
  readonly end: number
  readonly replacement: string
}

const otherComparisons: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>'],
  '<=': ['<', '>'],
  '>': ['>=', '<'],
  '>=': ['>', '<'],
  '==': ['!='],
  '!=': ['=='],
}
const swappable = new Set(['-', '/', '<<', '>>', '%'])
const numeric = /^(u?int\d*|int_const .*)$/

/** Every mutant of one file, in the order of its text; `tree` is the file's `SourceUnit`. */
export function mutantsOf(file: string, source: string, tree: Ast.Node): readonly Mutant[] {
  const bytes = Buffer.from(source)
  const edits: Edit[] = []
  Ast.walk(tree, (node, field, parent) => edits.push(...editsOf(bytes, node, field, parent)))
  edits.sort((a, b) => a.start - b.start || a.end - b.end || (a.replacement < b.replacement ? -1 : 1))

  const seen = new Map<string, number>()
  return edits.map(({ operator, start, end, replacement }) => {
    const from = bytes.lastIndexOf('\n', start - 1) + 1
    const stop = bytes.indexOf('\n', end)
    const to = stop === -1 ? bytes.length : stop
    const slice = (first: number, last: number) => bytes.toString('utf8', first, last)
    const changed = {
      was: oneLine(slice(from, to)),
      becomes: oneLine(slice(from, start) + replacement + slice(end, to)),
    }
    const words = JSON.stringify([file, operator, changed.was, changed.becomes])
    const repeated = seen.get(words) ?? 0
    seen.set(words, repeated + 1)
    const digest = createHash('sha256')
      .update(`${words}${repeated === 0 ? '' : repeated}`)
      .digest('hex')
    return {
      id: `${file.replace(/\.sol$/, '')}-${operator}-${digest.slice(0, 8)}`,
      file,
      operator,
      line: bytes.toString('utf8', 0, start).split('\n').length,
      ...changed,
      source: bytes.toString('utf8', 0, start) + replacement + bytes.toString('utf8', end),
    }
  })
}

/** `count` of them by `seed`: each operator in turn, each one's own in an order that no other mutant can change. */
export function* picked(mutants: readonly Mutant[], seed: number): Generator<Mutant> {
  const order = ({ id }: Mutant) => createHash('sha256').update(`${seed} ${id}`).digest('hex')
  const sorted = mutants.map((mutant) => ({ mutant, key: order(mutant) }))
  sorted.sort((a, b) => (a.key < b.key ? -1 : 1))
  const queues = operators.map((operator) => sorted.filter(({ mutant }) => mutant.operator === operator))
  while (queues.some((queue) => queue.length > 0)) {
    for (const queue of queues) {
      const next = queue.shift()
      if (next !== undefined) yield next.mutant
    }
  }
}

function editsOf(bytes: Buffer, node: Ast.Node, field: string, parent?: Ast.Node): readonly Edit[] {
  const edits: Edit[] = []
  if (isCount(node, field, parent)) edits.push(...offByOne(bytes, node, field))
  switch (node.nodeType) {
    case 'BinaryOperation':
      edits.push(...swappedOperator(bytes, node), ...swappedOperands(bytes, node))
      break
    case 'EmitStatement':
      edits.push(dropped(bytes, node, 'effect'))
      break
    case 'ExpressionStatement':
      // What a loop does after each turn has no semicolon of its own.
      if (field !== 'loopExpression') edits.push(dropped(bytes, node, isRequire(node) ? 'require' : 'effect'))
      break
    case 'FunctionCall':
      edits.push(...swappedArguments(bytes, node))
      break
    case 'IfStatement':
    case 'Conditional':
    case 'WhileStatement':
    case 'ForStatement':
      edits.push(...negated(bytes, node))
      break
  }
  return edits
}

/** Literals, indices, bounds of loops, and numbers that are assigned or returned as they are. */
function isCount(node: Ast.Node, field: string, parent?: Ast.Node): boolean {
  if (node.nodeType === 'Literal' || node.nodeType === 'YulLiteral')
    return Ast.text(node, 'kind') === 'number'
  if (!numeric.test(Ast.typeOf(node))) return false
  return (
    ['indexExpression', 'rightHandSide', 'initialValue'].includes(field) ||
    (field === 'expression' && parent?.nodeType === 'Return') ||
    (field === 'rightExpression' && parent !== undefined && Ast.text(parent, 'operator') in otherComparisons)
  )
}

function offByOne(bytes: Buffer, node: Ast.Node, field: string): readonly Edit[] {
  const written = textOf(bytes, node)
  const isZero = /^(0x)?0+$/.test(written)
  const replacements =
    node.nodeType === 'YulLiteral'
      ? [String(Number(written) + 1), String(Number(written) - 1)]
      : [`(${written} + 1)`, `(${written} - 1)`]
  // Nothing is less than zero, and nobody notices an array with room to spare.
  if (isZero) replacements.pop()
  if (field === 'length') replacements.shift()
  return replacements.map((replacement) => replaced(node, 'off-by-one', replacement))
}

function swappedOperator(bytes: Buffer, node: Ast.Node): readonly Edit[] {
  const operator = Ast.text(node, 'operator')
  const [left, right] = [Ast.child(node, 'leftExpression'), Ast.child(node, 'rightExpression')]
  if (left === undefined || right === undefined) return []
  const start = bytes.indexOf(operator, left.start + left.length)
  const edit = (kind: Operator, replacement: string): Edit => ({
    operator: kind,
    start,
    end: start + operator.length,
    replacement,
  })
  if (operator === '&&') return [edit('logic', '||')]
  if (operator === '||') return [edit('logic', '&&')]
  return (otherComparisons[operator] ?? []).map((other) => edit('comparison', other))
}

function swappedOperands(bytes: Buffer, node: Ast.Node): readonly Edit[] {
  const operator = Ast.text(node, 'operator')
  const [left, right] = [Ast.child(node, 'leftExpression'), Ast.child(node, 'rightExpression')]
  if (!swappable.has(operator) || left === undefined || right === undefined) return []
  const [first, second] = [textOf(bytes, left), textOf(bytes, right)]
  return first === second ? [] : [replaced(node, 'operands', `(${second}) ${operator} (${first})`)]
}

/** Neighbours of one type change places. */
function swappedArguments(bytes: Buffer, node: Ast.Node): readonly Edit[] {
  const names = node.fields['names']
  if (Ast.text(node, 'kind') === 'typeConversion' || (Array.isArray(names) && names.length > 0)) return []
  const listed = Ast.children(node, 'arguments')
  return listed.slice(1).flatMap((second, index) => {
    const first = listed[index]
    if (first === undefined || kindOf(first) !== kindOf(second)) return []
    const [left, right] = [textOf(bytes, first), textOf(bytes, second)]
    const between = bytes.toString('utf8', first.start + first.length, second.start)
    if (left === right) return []
    const end = second.start + second.length
    return [{ operator: 'operands' as const, start: first.start, end, replacement: right + between + left }]
  })
}

function negated(bytes: Buffer, node: Ast.Node): readonly Edit[] {
  const condition = Ast.child(node, 'condition')
  return condition === undefined ? [] : [replaced(condition, 'negation', `!(${textOf(bytes, condition)})`)]
}

/** A statement gives way to an empty block, which may stand wherever a statement may. */
function dropped(bytes: Buffer, node: Ast.Node, operator: Operator): Edit {
  const end = bytes.indexOf(';', node.start + node.length) + 1
  return { operator, start: node.start, end, replacement: '{}' }
}

function isRequire(statement: Ast.Node): boolean {
  const call = Ast.child(statement, 'expression')
  const called = call === undefined ? undefined : Ast.child(call, 'expression')
  return called !== undefined && Ast.text(called, 'name') === 'require'
}

/** Two expressions of one kind can stand in for each other; literals are all numbers. */
function kindOf(expression: Ast.Node): string {
  return Ast.typeOf(expression).replace(/^int_const .*/, 'int_const')
}

function replaced(node: Ast.Node, operator: Operator, replacement: string): Edit {
  return { operator, start: node.start, end: node.start + node.length, replacement }
}

function textOf(bytes: Buffer, { start, length }: Ast.Node): string {
  return bytes.toString('utf8', start, start + length)
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
