// The rounds of the vectors' task: what its committee signed, and the same as bytes.
import { encodeAbiParameters } from 'viem'
import type { Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Once from '../../protocol/once.ts'
import * as Record from '../../protocol/record.ts'
import { begins, datas, domain, hash, keyOf, task } from './cast.ts'

export function recordOf(round: number): Record.Record {
  const body = {
    round,
    closes: begins + 3_600 * round,
    ...viewOf(round),
    aggregator: round % 2,
    delivered: Record.bitmapOf(round % 2 === 0 ? [0, 1, 2, 3, 4, 5] : [0, 1, 2, 4, 5]),
    survivors: Record.bitmapOf(round === 4 ? [0, 1, 2, 3, 4, 5] : [0, 1, 2]),
    cohorts: [Record.bitmapOf([0, 1, 2]), Record.bitmapOf([3, 4, 5])],
    // The third seat is absent, a fourth there is none: 17 kilounits a round, until the terms pay no more.
    jobs: 0x0008_0007_0006_000bn,
    sums: sumsOf(round),
  }
  const opening = Once.digest(domain, task, 'opening', round, Once.opening(body.opened, body.closes))
  return { ...body, openerSignature: Eip712.sign(opening, keyOf('opener')) }
}

function viewOf(round: number) {
  return { opened: hash(`opened ${round}`), cohortsDigest: hash(`cohorts ${round}`) }
}

function cohortsOf(round: number) {
  return [0, 1].map((cohort) => ({
    inputs: datas.slice(3 * cohort, 3 * cohort + 3).map(({ name }): Record.Input => {
      const root = hash(`${name}'s update ${round}`)
      const { opened, cohortsDigest } = viewOf(round)
      const digest = Once.digest(domain, task, 'update', round, Once.update(opened, cohortsDigest, root))
      return { root, signature: Eip712.sign(digest, keyOf(`${name}'s phone`)) }
    }),
    sumRoot: hash(`sum ${round} ${cohort}`),
  }))
}

function sumsOf(round: number): Hex {
  const q = 1152921504606830593n
  return Record.sums({ q, t: 1n << 44n, n: 4_096, ciphertexts: 8, cohorts: cohortsOf(round) })
}

export function record() {
  const signed = recordOf(1)
  const tally = Record.tally(signed, 3)
  return {
    encoded: encodeAbiParameters([{ type: 'tuple', components: Record.components }], [signed]),
    tally: encodeAbiParameters([{ type: 'tuple', components: Record.tallyComponents }], [tally]),
    hash: Record.hash(signed),
    log: Record.log(hash('before'), tally),
    sums: signed.sums,
    cohorts: cohortsOf(1).map(({ inputs, sumRoot }) => ({
      inputs: encodeAbiParameters([{ type: 'tuple[]', components: Record.inputComponents }], [inputs]),
      sumRoot,
      hash: Record.cohortHash(inputs, sumRoot),
    })),
  }
}
