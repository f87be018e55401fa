// What the crypto worker shows the frame. Types only.
import type { Crypto } from '../api.ts'

export type CryptoWorker = Crypto & {
  /** It uses both: the train worker gives it local weights, the score worker counts correct predictions. */
  connect(name: 'train' | 'score', port: MessagePort): void
}
