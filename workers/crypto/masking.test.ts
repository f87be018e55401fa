import { expect, test } from 'vitest'
import * as Cohort from '../../test/bench/cohort.ts'
import * as Masking from './masking.ts'

test('a provider agrees with each of its cohort on what one alone derives for a pair', async () => {
  const cohort = Cohort.of(5)
  for (const me of cohort) {
    const [own, ...pairs] = await Cohort.masksOf(me, cohort)
    const others = cohort.filter((each) => each !== me)
    expect(own?.sign).toBe('add')
    expect(pairs).toEqual(
      others.map((peer) => Masking.pair(me.secrets.key, Cohort.place, Cohort.view, me, peer)),
    )
    const theirs = others.map((peer) => Masking.pair(peer.secrets.key, Cohort.place, Cohort.view, peer, me))
    expect(theirs.map(({ key }) => key)).toEqual(pairs.map(({ key }) => key))
    expect(theirs.every(({ sign }, i) => sign !== pairs[i]?.sign)).toBe(true)
  }
})
