// What hides an update, in words: for each step of a round, and before anybody agrees.
import type { Participation } from '../session/view/participation.ts'
import type { RoundView } from '../session/view/round.ts'

const steps = {
  opened: 'This device makes keys for this round alone, and splits each among the compute providers.',
  ready: 'The committee says who is in the round; your masks will cancel with theirs.',
  training:
    'Your update is masked before it is encrypted: alone it reads as noise, even to whoever holds the key.',
  encrypting: 'Your masked, encrypted update is on its way to the committee.',
  delivered: 'The committee keeps your update and can finish the round without you.',
  adding: 'The committee adds updates that it cannot read.',
  signing: 'The committee signs the sum.',
  committed: 'The committee gives away what takes the masks off the sum, and only off the sum.',
  opening: 'The model provider opens the sum.',
  done: 'This device has erased the keys of this round, or does so now.',
  aborted: 'Nothing of this round can be opened any more.',
} satisfies Record<RoundView['stage'], string>

/** What protects the update in this step, as a sentence. */
export function step(stage: RoundView['stage']): string {
  return steps[stage]
}

/** Who could read a single update, and only if whom. */
export function readers({ committee, threshold, minCohort }: Participation['privacy']): string {
  const providers = `${threshold} of ${committee} compute ${committee === 1 ? 'provider' : 'providers'}`
  const accounts = `${minCohort - 1} data ${minCohort === 2 ? 'provider' : 'providers'}`
  return `${providers} together with the model provider could read your update. So could a model provider who is ${accounts} besides you and sees to it that nobody else’s update comes through.`
}

/** What accounts of one person under many names would mean for a sum. */
export function sybils({ exposure: { others, liars, chance } }: Participation['privacy']): string {
  return `Nobody can tell whether accounts are different people. If ${liars} of the ${others} other data providers were the model provider, fewer than two others would share your sum with a chance of ${(chance / 100).toFixed(1)} %. Prefer tasks whose participants you know of.`
}
