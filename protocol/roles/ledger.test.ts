import { expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import * as Ledger from './ledger.ts'

test('sets that sums are kept apart from are those of the round’s epoch and of the last one with any', () => {
  const round = (number: number, survivors: bigint) => ({
    record: {
      round: number,
      closes: Talk.now,
      opened: Talk.opened,
      cohortsDigest: Talk.digest('cohorts'),
      aggregator: 0,
      delivered: 15n,
      survivors,
      cohorts: [15n],
      jobs: 0n,
      sums: Talk.digest('sums'),
    },
    signers: 3,
    block: number,
  })
  const ledger = { ...Ledger.empty, rounds: [round(2, 1n), round(3, 2n), round(4, 4n), round(7, 8n)] }
  const terms = { ...Talk.terms, roundsPerEpoch: 3 }
  expect(Ledger.openedSets(ledger, terms, 5)).toEqual([1n, 2n, 4n])
  expect(Ledger.openedSets(ledger, terms, 8)).toEqual([4n, 8n])
  // Nobody gets rid of them by passing over epochs.
  expect(Ledger.openedSets(ledger, terms, 28)).toEqual([8n])
})
