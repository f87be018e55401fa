// Libraries that call libraries: found, put in order, and linked into every place that waits for them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Artifacts from './artifacts.ts'

const gap = `__$${'0'.repeat(34)}$__`
const ofInner = `0x${'ab'.repeat(20)}` as const
const ofOuter = `0x${'CD'.repeat(20)}` as const

let out: string

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'galaxy-artifacts-'))
  write('Inner', '0x60', {})
  write('Outer', `0x61${gap}62`, { 'a/Inner.sol': { Inner: [{ start: 1, length: 20 }] } })
  write('Top', `0x${gap}63${gap}64${gap}`, {
    'a/Outer.sol': {
      Outer: [
        { start: 0, length: 20 },
        { start: 42, length: 20 },
      ],
    },
    'a/Inner.sol': { Inner: [{ start: 21, length: 20 }] },
  })
})
afterAll(() => rmSync(out, { recursive: true }))

function write(name: string, object: string, linkReferences: object): void {
  mkdirSync(join(out, `${name}.sol`))
  const metadata = { language: 'Solidity', settings: {}, sources: {} }
  writeFileSync(
    join(out, `${name}.sol/${name}.json`),
    JSON.stringify({ bytecode: { object, linkReferences }, metadata }),
  )
}

const read = (name: string) => Artifacts.read(`a/${name}.sol`, name, out)

test('a library comes before those that call it, once', () => {
  expect(Artifacts.librariesOf(read('Top'), out).map(Artifacts.keyOf)).toEqual([
    'a/Inner.sol:Inner',
    'a/Outer.sol:Outer',
  ])
})

test('every gap is filled with the address of its own library', () => {
  const libraries = new Map([
    ['a/Inner.sol:Inner', ofInner],
    ['a/Outer.sol:Outer', ofOuter],
  ] as const)
  const [inner, outer] = ['ab'.repeat(20), 'cd'.repeat(20)]
  expect(Artifacts.linked(read('Top'), libraries)).toBe(`0x${outer}63${inner}64${outer}`)
  expect(Artifacts.linked(read('Inner'), libraries)).toBe('0x60')
})

test('a library without address is named', () => {
  expect(() => Artifacts.linked(read('Outer'), new Map())).toThrow(
    'Outer calls the library Inner, whose address is not known.',
  )
})
