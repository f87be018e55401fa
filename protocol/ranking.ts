// Which compute offers a data provider does well to look at first, and why: price, speed, record, and who is there now.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type * as Benchmark from './benchmark.ts'
import * as Hours from './hours.ts'
import type * as Offer from './offer.ts'
import * as Reliability from './reliability.ts'

export type Question = {
  readonly offers: readonly Offer.ComputeOffer[]
  readonly records: Reliability.Records
  /** Unix seconds. */
  readonly now: number
  /** Whose ranking for what: the same gives the same order. */
  readonly lot: string
}

export type Reason = {
  readonly about: 'price' | 'speed' | 'record' | 'hours'
  /** A clause, such as `cheapest of 4`. */
  readonly words: string
  /** Whether it speaks for the offer; 0 where it speaks neither way. */
  readonly speaks: 1 | 0 | -1
}

export type Ranked = {
  readonly offer: Offer.ComputeOffer
  /** 1 for an offer of median price and speed that is there and whose provider always signed. */
  readonly score: number
  readonly reasons: readonly Reason[]
}

/**
 * Nobody can check a speed before there is work, and a price of nothing may be bait: what is more than so many times
 * better than the median gains nothing by it.
 */
const most = 4
/** Of those who are not there at this hour. */
const away = 0.5
/**
 * Best first, as a lot of this provider and task has it: an offer comes first with odds in proportion to its score. A
 * committee that all had picked by one list would be as small as the terms allow, and the same few whatever the task.
 * A better price, speed or record never puts an offer further back.
 */
export function rank(question: Question): readonly Ranked[] {
  const medians = mediansOf(question.offers)
  return question.offers
    .map((offer) => {
      const score = scoreOf(offer, question, medians)
      const luck = drawn(`${question.lot} ${offer.account}`)
      // Heavy tails: of several such keys the largest is each one's about as often as its share of the scores.
      const key = (score * (1 - luck)) / luck
      return { key, ranked: { offer, score, reasons: reasonsOf(offer, question, medians) } }
    })
    .toSorted((a, b) => b.key - a.key || (a.ranked.offer.account < b.ranked.offer.account ? -1 : 1))
    .map(({ ranked }) => ranked)
}

type Medians = Benchmark.Benchmark & { readonly price: bigint }

function scoreOf(offer: Offer.ComputeOffer, { records, now }: Question, medians: Medians): number {
  const share = Reliability.share(records[offer.account] ?? Reliability.none)
  // Prices are compared in millionths; a price of zero counts as one base unit.
  const cheap = bounded(Number(((medians.price + 1n) * 1_000_000n) / (offer.price + 1n)) / 1_000_000)
  const there = Hours.includes(offer.hours, now) ? 1 : away
  // Its price is not the data provider's to pay, and its speed is its own word: both count less than its record.
  return share * share * Math.sqrt(cheap * speedOf(offer, medians)) * there
}

/** Relative to the median offer: the mean over what was measured. */
function speedOf(offer: Benchmark.Benchmark, medians: Benchmark.Benchmark): number {
  const ratio = (kind: keyof Benchmark.Benchmark) => bounded((offer[kind] + 1) / (medians[kind] + 1))
  return (ratio('training') + ratio('matmul') + ratio('additions')) / 3
}

function bounded(ratio: number): number {
  return Math.min(most, Math.max(1 / most, ratio))
}

function mediansOf(offers: readonly Offer.ComputeOffer[]): Medians {
  const of = (kind: keyof Benchmark.Benchmark) =>
    median(offers.map((offer) => offer[kind]).toSorted((a, b) => a - b)) ?? 0
  const prices = offers.map(({ price }) => price).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return {
    training: of('training'),
    matmul: of('matmul'),
    additions: of('additions'),
    price: median(prices) ?? 0n,
  }
}

/** The lower of the two in the middle. */
function median<value>(ascending: readonly value[]): value | undefined {
  return ascending[(ascending.length - 1) >> 1]
}

/** In (0, 1), from the first six bytes of a hash. */
function drawn(lot: string): number {
  const bytes = keccak_256(utf8ToBytes(lot))
  return (bytes.subarray(0, 6).reduce((so, byte) => so * 256 + byte, 0) + 0.5) / 2 ** 48
}

function reasonsOf(offer: Offer.ComputeOffer, question: Question, medians: Medians): readonly Reason[] {
  const { offers, records, now } = question
  const record = records[offer.account] ?? Reliability.none
  return [
    priceWords(
      offer.price,
      offers.map(({ price }) => price),
    ),
    speedWords(
      speedOf(offer, medians),
      offers.map((each) => speedOf(each, medians)),
    ),
    recordWords(record),
    hoursWords(offer.hours, now),
  ]
}

function priceWords(price: bigint, all: readonly bigint[]): Reason {
  const about = 'price'
  const [cheaper, dearer] = [all.filter((each) => each < price), all.filter((each) => each > price)]
  if (all.length === 1) return { about, words: 'the only offer', speaks: 0 }
  if (cheaper.length + dearer.length === 0)
    return { about, words: `same price as all ${all.length}`, speaks: 0 }
  const shared = all.length - cheaper.length - dearer.length > 1
  if (cheaper.length === 0)
    return { about, words: `${shared ? 'among the cheapest' : 'cheapest'} of ${all.length}`, speaks: 1 }
  if (dearer.length === 0)
    return { about, words: `${shared ? 'among the dearest' : 'dearest'} of ${all.length}`, speaks: -1 }
  return { about, words: `cheaper than ${dearer.length} of ${all.length}`, speaks: 0 }
}

function speedWords(speed: number, all: readonly number[]): Reason {
  const about = 'speed'
  const slower = all.filter((each) => each < speed).length
  const faster = all.filter((each) => each > speed).length
  if (all.length === 1) return { about, words: 'no other speed to compare with', speaks: 0 }
  if (slower + faster === 0) return { about, words: `as fast as all ${all.length}`, speaks: 0 }
  if (faster === 0) return { about, words: `fastest of ${all.length} by its own measure`, speaks: 1 }
  if (slower === 0) return { about, words: `slowest of ${all.length} by its own measure`, speaks: -1 }
  return { about, words: `faster than ${slower} of ${all.length} by its own measure`, speaks: 0 }
}

function recordWords(record: Reliability.Reliability): Reason {
  const { rounds, signed, finished, absent, slashed, contradicted } = record
  const about = 'record'
  if (slashed > 0) {
    const words = `lost its bond ${times(slashed)} for signing what is false`
    return { about, words, speaks: -1 }
  }
  const denied = contradicted === 1 ? 'a job' : `${contradicted} jobs`
  const against = [
    ...(absent === 0 ? [] : [`left ${absent === 1 ? 'a seat' : `${absent} seats`} empty`]),
    ...(contradicted === 0 ? [] : [`contradicted by two others about ${denied}`]),
  ]
  const isClean = against.length === 0
  if (rounds === 0)
    return { about, words: ['new: no record yet', ...against].join(', '), speaks: isClean ? 0 : -1 }
  const tasks = finished === 0 ? [] : [`finished ${finished === 1 ? 'a task' : `${finished} tasks`}`]
  const words = [`signed ${signed} of ${counted(rounds)}`, ...tasks, ...against].join(', ')
  const isBetter = Reliability.share(record) > Reliability.share(Reliability.none)
  return { about, words, speaks: !isBetter || contradicted > 0 ? -1 : isClean ? 1 : 0 }
}

function hoursWords(hours: Hours.Hours, now: number): Reason {
  const about = 'hours'
  if (hours === Hours.always) return { about, words: 'there at all hours', speaks: 1 }
  return Hours.includes(hours, now)
    ? { about, words: 'there at this hour, not at all of them', speaks: 0 }
    : { about, words: 'not there at this hour', speaks: -1 }
}

function counted(rounds: number): string {
  return rounds === 1 ? '1 round' : `${rounds} rounds`
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
