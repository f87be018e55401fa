// Solidity's syntax tree as solc prints it, seen through what a mutator asks of it.
import * as v from 'valibot'

/** Any node: fields other than these differ by kind. */
export type Node = {
  readonly nodeType: string
  readonly id?: number | undefined
  /** Bytes from the file's start, and how many. */
  readonly start: number
  readonly length: number
  readonly fields: Readonly<Record<string, unknown>>
}

const raw = v.looseObject({
  nodeType: v.string(),
  id: v.optional(v.number()),
  src: v.pipe(
    v.string(),
    v.regex(/^\d+:\d+:\d+$/),
    v.transform((text) => text.split(':').map(Number)),
  ),
})

export function node(value: unknown): Node | undefined {
  const result = v.safeParse(raw, value)
  if (!result.success) return undefined
  const { nodeType, id, src, ...fields } = result.output
  const [start = 0, length = 0] = src
  return { nodeType, id, start, length, fields }
}

export function child(parent: Node, field: string): Node | undefined {
  return node(parent.fields[field])
}

export function children(parent: Node, field: string): readonly Node[] {
  const list = parent.fields[field]
  return Array.isArray(list) ? list.flatMap((each) => node(each) ?? []) : []
}

export function text(parent: Node, field: string): string {
  const value = parent.fields[field]
  return typeof value === 'string' ? value : ''
}

/** The type of an expression, in solc's words. */
export function typeOf({ fields }: Node): string {
  const result = v.safeParse(v.looseObject({ typeString: v.string() }), fields['typeDescriptions'])
  return result.success ? result.output.typeString : ''
}

/** Visits `from` and everything below it, parents first, with the field that holds each. */
export function walk(from: Node, visit: (one: Node, field: string, parent?: Node) => void): void {
  const descend = (one: Node, field: string, parent?: Node) => {
    visit(one, field, parent)
    for (const [name, value] of Object.entries(one.fields)) {
      for (const each of Array.isArray(value) ? value : [value]) {
        const below = node(each)
        if (below !== undefined) descend(below, name, one)
      }
    }
  }
  descend(from, '')
}
