// What went wrong in a task, as the chain says or as this device can prove, told to each role: what happened, what is
// safe, what to do.
import * as Record from '../../protocol/record.ts'
import * as Accusation from '../../protocol/roles/accusation.ts'
import * as Exits from '../../protocol/roles/exits.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import type { State } from './participations.ts'
import type { Incident } from './view/participation.ts'

const settleHint =
  'You need not do anything: while Galaxy is open it settles the task in its turn. You may also settle it at once, below.'

export function of(state: State): readonly Incident[] {
  return [fault(state), lie(state), silence(state), slash(state), absence(state)].filter(
    (incident) => incident !== undefined,
  )
}

/** The model provider signed two openings of one round. */
function fault({ role, ledger }: State): Incident | undefined {
  if (!ledger.guilty) return undefined
  const isSettled = ledger.state === 'settled'
  const advice = isSettled ? 'Claim once claims open.' : settleHint
  if (role === 'model')
    return {
      kind: 'fault',
      message:
        'Two different openings of one round were signed with your key and shown to the contract. Your bond goes to the data providers.',
      safe: 'The model so far stays yours, and what is left of the pools comes back to you with the settlement.',
      advice: `${advice} Do not use this profile on two devices: that is how a round is opened twice.`,
    }
  const share =
    role === 'data'
      ? 'Every round you delivered is paid, the contributions count the same, and the model provider’s bond is added to your pool.'
      : 'Your pay for signed rounds and your bond are in the contract.'
  return {
    kind: 'fault',
    message:
      'The model provider signed two different openings of one round, which was shown to the contract.',
    safe: share,
    advice,
  }
}

/** Somebody lied, and the contract does not know yet. */
function lie(state: State): Incident | undefined {
  const lies = Accusation.lies(state)
  if (lies.length === 0) return undefined
  const found = lies.map(({ sentence }) => sentence).join(' ')
  return {
    kind: 'lie',
    message: lies.every(Accusation.isDoubt)
      ? `Something was committed that looks false. ${found}`
      : `Somebody lied, and this device holds the proof. ${found}`,
    safe: 'Rounds that are on the chain stay paid, and nothing of yours is at stake.',
    advice: lies.every(Accusation.isDoubt)
      ? 'You need not do anything: while Galaxy is open it looks closer, and shows the contract what it finds. It costs you nothing where a relay pays.'
      : 'You need not do anything: while Galaxy is open it shows the proof to the contract, in its turn. Whoever lied loses its bond.',
  }
}

/** The model provider let its time pass. */
function silence(state: State): Incident | undefined {
  const { role, ledger } = state
  const { settlement } = ledger
  if (settlement?.punished === true && !ledger.guilty)
    return role === 'model'
      ? {
          kind: 'silence',
          message: 'You did not settle in time, so somebody else did. Your bond went to the data providers.',
          safe: 'What is left of the pools is yours, and the model stays on this device.',
          advice: 'Claim the rest once claims open.',
        }
      : {
          kind: 'silence',
          message: 'The model provider did not settle in time, so somebody else did.',
          safe: 'Every committed round is paid, and the model provider’s bond went to the data providers.',
          advice: 'Claim once claims open.',
        }
  if (role === 'model' || ledger.state !== 'running' || !Exits.isDue(state)) return undefined
  const { length } = ledger.rounds
  return {
    kind: 'silence',
    message: 'The model provider has gone silent: the time for the next round is over.',
    safe:
      length === 0
        ? 'No round was committed. Closing the task gives everyone back what it locked.'
        : `The ${length === 1 ? 'round' : `${length} rounds`} so far will be paid, and the model provider’s bond goes to the data providers.`,
    advice:
      length === 0
        ? 'You need not do anything: while Galaxy is open it closes the task in its turn. You may also close it at once, below.'
        : settleHint,
  }
}

/** Compute providers signed what is false. */
function slash(state: State): Incident | undefined {
  const { role, ledger, me } = state
  if (ledger.slashed === 0) return undefined
  const seat = role === 'compute' ? Ledger.seatOf(ledger.computes, me.account) : undefined
  if (seat !== undefined && (ledger.slashed >> seat) & 1)
    return {
      kind: 'slash',
      message:
        'It was proven that your device signed a false record of a round. Your bond and your pay in this task go to the model provider.',
      safe: 'Your free deposit, your tokens and what you earn in other tasks are not touched.',
      advice:
        'Lend no compute from this device until you know why: its key may be used elsewhere, or its software was changed.',
    }
  const count = Record.seats(BigInt(ledger.slashed)).length
  const who = count === 1 ? 'A compute provider was' : `${count} compute providers were`
  return {
    kind: 'slash',
    message: `${who} proven to have signed a false record of a round, and signs no more.`,
    safe:
      role === 'model'
        ? 'Its bond and pay come to you with your refund. The sums of other rounds are not touched.'
        : 'Rounds that are on the chain stay paid, and your own pay is the same.',
    advice:
      role === 'model'
        ? 'Check the accuracy of the rounds so far: a wrong sum may have moved the model. Settle if it did.'
        : 'You need not do anything. If too few members are left to sign, the task is settled with the rounds so far.',
  }
}

/** The own seat was empty at the start. */
function absence({ role, ledger, me }: State): Incident | undefined {
  const seat = role === 'compute' ? Ledger.seatOf(ledger.computes, me.account) : undefined
  if (seat === undefined || !((ledger.absent >> seat) & 1)) return undefined
  return {
    kind: 'absence',
    message:
      'The task started without you: your deposit did not cover the bond at that moment, your acceptance came too late, or nobody nominated you.',
    safe: 'Nothing was locked, and you owe nothing.',
    advice: 'Keep the bond in the deposit until a task you accepted has started.',
  }
}
