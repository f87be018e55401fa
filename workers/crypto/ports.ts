// What the crypto worker shows the frame. Types only.
import type { Crypto } from './api.ts'

export type CryptoWorker = Crypto & {
  /**
   * It uses all three: the train worker gives it local weights, the score worker counts correct predictions, the vault
   * says of which data set a version is, and nothing of what is in it.
   */
  connect(name: 'train' | 'score' | 'vault', port: MessagePort): void
}
