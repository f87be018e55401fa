// What the owner decided for good: what is answered without it, and when nothing is lent.
import type { Backend } from '../../../workers/train/api.ts'
import type { Battery } from '../../net/battery.ts'
import type { Limits } from '../limits.ts'

export type StandingRules = {
  /** Consent to any request for a data set with an open offer, nominating the compute provider that ranks first. */
  readonly autoConsent: boolean
  /** Accept any nomination of an open compute offer. */
  readonly autoAccept: boolean
  /** Claim as soon as claims open. */
  readonly autoClaim: boolean
  /** Backend that training is forced to; undefined lets the probe choose. */
  readonly backend: Backend | undefined
}

/** The limits of an owner who lends compute, and whether one holds the device back now. */
export type LimitsView = Limits & {
  /** Undefined where the browser does not tell. */
  readonly battery: Battery | undefined
  /** Why nothing new is lent, as a sentence. */
  readonly held: string | undefined
}
