// A relay's identity, kept beside its store so that its address outlives a restart.
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export async function load(folder: string): Promise<PrivateKey> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'relay.key')
  try {
    return privateKeyFromProtobuf(await readFile(path))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const key = await generateKeyPair('Ed25519')
  await writeFile(`${path}.new`, privateKeyToProtobuf(key), { mode: 0o600 })
  await rename(`${path}.new`, path)
  return key
}
