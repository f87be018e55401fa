// Why the chain refused a call, in sentences a person can act on: one for each error of the market and the token.
import { decodeErrorResult, type DecodeErrorResultReturnType } from 'viem/utils'
import * as Abi from './abi.ts'
import type { Hex } from './codec.ts'

type Refused =
  DecodeErrorResultReturnType<typeof Abi.market> | DecodeErrorResultReturnType<typeof Abi.testToken>

/** The sentence for whatever a call threw: the revert data is looked for in the error and its causes. */
export function explain(error: unknown): string {
  const data = revertData(error)
  const refused = data === undefined ? undefined : decoded(data)
  if (refused !== undefined) return sentence(refused)
  const text = error instanceof Error ? error.message.toLowerCase() : ''
  if (text.includes('insufficient funds')) {
    return 'This account has too little ether for the gas. Add some, or let a relay submit the call.'
  }
  if (/fetch|network|http|timeout|timed out|socket|econn/.test(text)) {
    return 'The chain did not answer. Nothing was sent or lost; try again when the connection is back.'
  }
  return 'The chain refused this transaction without a reason we know. Reload, look at the task, and try again.'
}

function decoded(data: Hex): Refused | undefined {
  try {
    return decodeErrorResult({ abi: Abi.market, data })
  } catch {
    try {
      return decodeErrorResult({ abi: Abi.testToken, data })
    } catch {
      return undefined
    }
  }
}

function revertData(error: unknown, depth = 0): Hex | undefined {
  if (isRevert(error)) return error
  if (typeof error !== 'object' || error === null || depth > 8) return undefined
  const inner = ['raw', 'data', 'error', 'cause'].map((key): unknown => Reflect.get(error, key))
  for (const value of inner) {
    const found = revertData(value, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

function isRevert(value: unknown): value is Hex {
  return typeof value === 'string' && /^0x([0-9a-f]{2}){4,}$/i.test(value)
}

/** Seconds between two times of the chain, in words. */
function wait(now: bigint, until: bigint): string {
  const seconds = until - now + 1n
  if (seconds > 7200n) return `${seconds / 3600n} hours`
  if (seconds > 120n) return `${seconds / 60n} minutes`
  return `${seconds} s`
}

const reload = 'Reload and try again; if it happens again, the app and the market do not fit together.'

function sentence(refused: Refused): string {
  switch (refused.errorName) {
    case 'WindowBelowDay':
      return `A market with windows of ${refused.args[0]} s is for local chains only. Deploy it with 86,400 s or more.`
    case 'NotModelProvider':
      return `Only the model provider ${refused.args[1]} may do this. Switch to that account.`
    case 'WrongState':
      return wrongState(refused.args[1])
    case 'TooLate':
      return `The time for this ended ${refused.args[0] - refused.args[1]} s ago. Look at the task for what comes next.`
    case 'TooEarly':
      return `It is too early for this. Try again in ${wait(refused.args[0], refused.args[1])}.`
    case 'ReceiptMismatch':
      return `This token delivered ${refused.args[1]} of ${refused.args[0]} units. Tokens that take a fee cannot be used; choose another.`
    case 'DepositTooSmall':
      return `The free deposit is ${refused.args[0]} units, less than the ${refused.args[1]} asked for. Withdraw less.`
    case 'RefereeUnsupported':
      return 'This market has no referees. Leave the referee empty.'
    case 'TooManyProviders':
      return `A task takes at most 16 compute providers and 255 providers in all, not ${refused.args[1]} and ${refused.args[0]} data providers. Lower the bounds.`
    case 'DataBoundsInvalid':
      return `The bounds for data providers do not fit: ${refused.args[2]} in a cohort, ${refused.args[0]} to ${refused.args[1]} in all. Make each at least the one before.`
    case 'CohortBoundsInvalid':
      return `Cohorts of ${refused.args[0]} providers or more, up to ${refused.args[1]} of them, cannot be: below 3 a sum would show too much of each update, above 64 noise would reach it. Ask for 3 to 64 providers and 1 to 32 cohorts.`
    case 'ComputeBoundsInvalid':
      return `The bounds for compute providers do not fit: threshold ${refused.args[2]}, ${refused.args[0]} to ${refused.args[1]} in all. Make each at least the one before.`
    case 'ThresholdTooLow':
      return `A threshold of ${refused.args[0]} among ${refused.args[1]} compute providers is no majority. Raise it above half.`
    case 'RoundsInvalid':
      return `The data pool must be earned in 1 to ${refused.args[1]} rounds, not ${refused.args[0]}. Change the number of paid rounds.`
    case 'EpochTooShort':
      return `An epoch of ${refused.args[0]} rounds is too short. Use 3 or more.`
    case 'MeterInvalid':
      return 'The terms must say how large an update is and how many samples count at most. Set both above zero.'
    case 'QualityInvalid':
      return `A quality of ${refused.args[0]} is above 10,000 basis points. Lower it.`
    case 'WindowInvalid':
      return `A window of ${refused.args[0]} s is not within this market's ${refused.args[1]} to ${refused.args[2]} s. Change it.`
    case 'TaskTooLarge':
      return `A task with ${refused.args[1]} deliveries and ${refused.args[0]} words to settle could not be settled in one transaction. Ask for fewer rounds, cohorts or data providers.`
    case 'PermitIgnored':
      return `The token ${refused.args[0]} does not know permits. Approve the market and make the deposit yourself.`
    case 'BondTooSmall':
      return `The bond of ${refused.args[0]} units is below the dispute bond of ${refused.args[1]}. Raise the bond.`
    case 'DataCountInvalid':
      return `${refused.args[0]} data providers accepted; the terms ask for ${refused.args[1]} to ${refused.args[2]}. Ask others, or fewer.`
    case 'ComputeCountInvalid':
      return `${refused.args[0]} compute providers are listed; the terms ask for ${refused.args[1]} to ${refused.args[2]}. Ask others, or fewer.`
    case 'SignatureCountInvalid':
      return `There are ${refused.args[0]} signatures for ${refused.args[1]} signers. ${reload}`
    case 'NotAscending':
      return `${refused.args[0]} takes part twice or is out of order. Remove the duplicate.`
    case 'AcceptanceInvalid':
      return `The acceptance of ${refused.args[0]} does not hold for these terms and this committee. Ask it to accept again.`
    case 'PayeeMissing':
      return `${refused.args[0]} named nobody to be paid. Ask it to accept again.`
    case 'QualityTooLow':
      return `The data of ${refused.args[0]} has quality ${refused.args[1]}, below the ${refused.args[2]} asked for. Leave it out.`
    case 'NoSamples':
      return `${refused.args[0]} offers no samples. Leave it out.`
    case 'SeatMissing':
      return `${refused.args[0]} nominated a compute provider that is not listed. Freeze the roster again.`
    case 'NotInvited':
      return `${refused.args[0]} is not among the accounts that this task invites. Leave it out.`
    case 'InvitationCountInvalid':
      return `There are ${refused.args[0]} invitations where ${refused.args[1]} are expected. Show one for each data provider, or none where everyone is invited.`
    case 'FloorsExceedPool':
      return `The providers ask for ${refused.args[0]} units at least, more than the data pool of ${refused.args[1]}. Leave some out.`
    case 'ComputeExceedsPool':
      return `Compute may cost ${refused.args[0]} units, more than the pool of ${refused.args[1]}. Choose cheaper compute providers.`
    case 'TooFewPresent':
      return `Only ${refused.args[0]} compute providers were nominated, signed and have their deposit; ${refused.args[1]} are needed. Ask them to deposit, or ask others.`
    case 'PartiesMismatch':
      return `These are not the parties that this task started with. ${reload}`
    case 'RoundsCommitted':
      return 'Rounds of this task were committed, so it can only be settled. Settle it.'
    case 'NoRounds':
      return 'No round of this task was committed, so there is nothing to settle. Wait for one, or for its deadline.'
    case 'RoundOutOfOrder':
      return `Round ${refused.args[0]} does not follow round ${refused.args[1]} of at most ${refused.args[2]}. It was committed before, or a later one was.`
    case 'OpeningInvalid':
      return `The opening of round ${refused.args[0]} is not signed by the model provider's opener key. The round cannot be committed; wait for the next.`
    case 'CohortCountInvalid':
      return `The round has ${refused.args[0]} cohorts; the terms allow 1 to ${refused.args[1]}. The committee must sign another record.`
    case 'CohortsOverlap':
      return 'A data provider is in two cohorts. The committee must sign another record.'
    case 'CohortSizeInvalid':
      return `Cohort ${refused.args[0]} kept ${refused.args[1]} providers; ${refused.args[2]} to ${refused.args[3]} may be added: fewer would not hide each, more would be noise. It must stay closed.`
    case 'SeatOutOfRange':
      return `A cohort names a seat beyond the ${refused.args[1]} data providers. The committee must sign another record.`
    case 'DeliveredOutsideCohorts':
      return 'A provider that was in no cohort is listed as delivered. The committee must sign another record.'
    case 'SurvivorNotDelivered':
      return 'An update that was not delivered is listed in a sum. The committee must sign another record.'
    case 'NoSurvivors':
      return `No cohort of round ${refused.args[0]} kept enough providers, so it does not count. Wait for the next round.`
    case 'AggregatorMissing':
      return 'The aggregator has not signed its own round. Ask it to sign.'
    case 'SignerExcluded':
      return 'A compute provider that does not count for this task, or was slashed, signed the round. Leave its signature out.'
    case 'TooFewSigners':
      return `${refused.args[0]} members signed the round; ${refused.args[1]} are needed. Wait for more signatures.`
    case 'RecordSignatureInvalid':
      return `The signature of compute seat ${refused.args[0]} is not over this record. Ask it to sign again.`
    case 'LogMismatch':
      return 'A round was committed meanwhile, or one is missing. Read the rounds again, then settle.'
    case 'UtilityCountInvalid':
      return `There are ${refused.args[0]} utilities; this settlement takes ${refused.args[1]}. Read the rounds again, then settle.`
    case 'UtilityOfAbsentCohort':
      return `Cohort ${refused.args[1]} was not opened in epoch ${refused.args[0]}, so it cannot have a utility there. Give it zero.`
    case 'SumsMismatch':
      return 'The inputs and sums shown are not those that the committee signed. Fetch the round again and rebuild the evidence.'
    case 'CohortMissing':
      return `The round has ${refused.args[1]} cohorts, so there is no cohort ${refused.args[0]} to show. Choose one that it has.`
    case 'WordOutOfRange':
      return `An update has ${refused.args[1]} words, so word ${refused.args[0]} proves nothing. Choose one of them.`
    case 'WordCountInvalid':
      return `The evidence shows ${refused.args[0]} words for ${refused.args[1]} inputs. Show one word and one path for each input.`
    case 'WordProofInvalid':
      return `The word of input ${refused.args[0]} does not lead to the root that was signed. Fetch the ciphertexts again and rebuild the evidence.`
    case 'SumRight':
      return `Word ${refused.args[0]} of the sum is right, so nobody is to blame for it. Show the word that is wrong.`
    case 'InputGenuine':
      return `Input ${refused.args[0]} was signed by its data provider, so it is not forged. Show the one that is.`
    case 'DatasMismatch':
      return `The data providers shown are not those that this task started with. ${reload}`
    case 'InputMissing':
      return `The cohort has ${refused.args[1]} inputs, so there is no input ${refused.args[0]} to show. Choose one that it has.`
    case 'StatementsEqual':
      return 'Both statements are the same, which is no contradiction. Show two that differ.'
    case 'StatementInvalid':
      return 'One of the two statements was not signed by the accused for this round. Show two that were.'
    case 'NotProvable':
      return notProvable(refused.args[1])
    case 'SignerMissing':
      return `The task has ${refused.args[1]} compute seats, so there is no seat ${refused.args[0]} to accuse. Choose one that it has.`
    case 'AlreadyProven':
      return 'This was proven before and counts already, or the seat it is about is absent. Nothing more is to be done.'
    case 'WithdrawalInvalid':
      return `The withdrawal is not signed by ${refused.args[0]}, or was used before. Sign a new one.`
    case 'AlreadyClaimed':
      return 'This payout was claimed before; the money is with its payee.'
    case 'ProofInvalid':
      return `Payout ${refused.args[1]} is not what the settlement lists. Read the rounds again, then claim.`
    case 'ReentrancyGuardReentrantCall':
      return 'This token calls back into the market, which is refused. Choose another token.'
    case 'SafeERC20FailedOperation':
    case 'ERC20InsufficientAllowance':
      return 'The token refused the transfer: approve the amount first, and see that the account holds it.'
    case 'ERC20InsufficientBalance':
      return `The account holds ${refused.args[1]} units of the token; ${refused.args[2]} are needed. Add tokens.`
    case 'ERC2612ExpiredSignature':
      return 'The permit is out of date. Sign a new one.'
    case 'ERC2612InvalidSigner':
    case 'InvalidAccountNonce':
      return 'The permit was used before or is not by this account. Sign a new one.'
    case 'LocalChainsOnly':
      return 'The test token exists on local chains only. Use a token of this chain.'
    case 'ERC20InvalidApprover':
    case 'ERC20InvalidReceiver':
    case 'ERC20InvalidSender':
    case 'ERC20InvalidSpender':
      return 'The token refused an account of all zeros. Check the addresses.'
    case 'ECDSAInvalidSignature':
    case 'ECDSAInvalidSignatureLength':
    case 'ECDSAInvalidSignatureS':
      return 'A signature is malformed. Sign again.'
    case 'InvalidShortString':
    case 'StringTooLong':
      return `A contract was made with an unfit name. ${reload}`
    default:
      refused satisfies never
      return `The chain refused this call. ${reload}` // Solidity's own Error and Panic, which no ABI lists.
  }
}

function notProvable(state: number): string {
  switch (state) {
    case 0:
    case 1:
      return 'This task has not started, so nobody has signed anything yet. Wait for its rounds.'
    case 3:
      return 'Claims are open, and with them the time for proofs is over. What was signed then stays as it is.'
    default:
      return 'This task was cancelled and refunded, so there is nothing left to slash.'
  }
}

function wrongState(state: number): string {
  switch (state) {
    case 0:
      return 'This task does not exist on this market. Check that its terms are unchanged and the chain is the right one.'
    case 1:
      return 'This task has not started. Start it or cancel it.'
    case 2:
      return 'This task is running. Wait until it is settled.'
    case 3:
      return 'This task is settled. Claim what it owes you.'
    case 5:
      return 'The model provider of this task signed two openings of one round. Settle the task: its bond goes to the data providers.'
    default:
      return 'This task was cancelled and refunded. Withdraw your free deposit.'
  }
}
