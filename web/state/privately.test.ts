import { expect, test } from 'vitest'
import * as Privately from './privately.ts'

const privacy = {
  committee: 4,
  threshold: 3,
  minCohort: 3,
  exposure: { others: 5, liars: 2, chance: 125 },
  openings: 0,
  mostOpenings: 4,
  dataSet: undefined,
}

test('says who could read an update, and who besides, with how many accounts', () => {
  const words = Privately.readers(privacy)
  expect(words).toContain('3 of 4 compute providers together with the model provider could read your update')
  expect(words).toContain('a model provider who is 2 data providers besides you')
})

test('says what accounts of one person would mean for a sum', () => {
  expect(Privately.sybils(privacy)).toMatch(/If 2 of the 5 other .* with a chance of 1\.3.%/)
})
