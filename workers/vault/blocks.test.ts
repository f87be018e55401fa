import 'fake-indexeddb/auto'
import { IDBBlockstore } from 'blockstore-idb'
import { expect, it } from 'vitest'
import * as Codec from '../../protocol/codec.ts'
import * as Blocks from './blocks.ts'
import * as Retry from './retry.ts'

it('reopens a connection that the browser closed, before every kind of work', async () => {
  const made: IDBBlockstore[] = []
  const blocks = await Blocks.open(() => {
    const store = new IDBBlockstore('lossy')
    made.push(store)
    return store
  })
  const lose = async (): Promise<void> => await made.at(-1)?.close()
  const bytes = Uint8Array.of(1, 2, 3)
  const cid = Codec.cidOfRaw(bytes)
  await lose()
  await blocks.put(cid, bytes)
  await lose()
  expect(await blocks.get(cid)).toEqual(bytes)
  await lose()
  expect((await blocks.all()).length).toBe(1)
  await lose()
  await blocks.delete(cid)
  expect((await blocks.all()).length).toBe(0)
  expect(made.length).toBe(5)
})

it('gives up on a connection that stays lost, and at once on anything else', async () => {
  let tries = 0
  const work = (message: string) => () => {
    tries++
    return Promise.reject(new Error(message))
  }
  await expect(Retry.whenLost(work('InvalidStateError: gone'), async () => {})).rejects.toThrow('gone')
  expect(tries).toBe(4)
  tries = 0
  await expect(Retry.whenLost(work('QuotaExceededError: connection'), async () => {})).rejects.toThrow(
    'Quota',
  )
  expect(tries).toBe(1)
})
