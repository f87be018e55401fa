// The checked-in vectors are what protocol/ makes today; contracts/test/Vectors.t.sol holds Solidity to the same file.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { vectors } from './market.ts'

test('market.json holds what protocol/ computes (if a change is meant: node test/vectors/market.ts --write)', () => {
  const file: unknown = JSON.parse(readFileSync(new URL('market.json', import.meta.url), 'utf8'))
  expect(vectors()).toEqual(file)
})
