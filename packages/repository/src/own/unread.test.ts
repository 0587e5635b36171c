import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formats } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { createKeyring, type Keyring } from '@holotype/trust'
import { beforeAll, expect, it } from 'vitest'
import { THREADS_FROM } from '../limits.ts'
import { testFolder } from '../testing/folder.ts'
import { THEN, writeDeb } from '../testing/upstream.ts'
import { ingestMany } from './ingest.ts'
import { readManifest } from './manifest.ts'
import { type OwnRepository, placeOf, stateDirectory } from './place.ts'

const folder = testFolder()
let keyring: Keyring
let stores = 0

const newRepository = (format: OwnRepository['format']): OwnRepository => ({
  store: openStore(join(folder, `unread-${++stores}`)),
  name: 'acme',
  format,
  component: 'main',
  signer: keyring.repositorySigner(() => new Date(THEN * 1000)),
})
const chunksOf = (own: OwnRepository) => readManifest(stateDirectory(placeOf(own))).chunks
const build = (name: string) => writeDeb(join(folder, 'unread-built'), { name, version: '1.0-1' })

beforeAll(async () => {
  keyring = await createKeyring(join(folder, 'unread-keys'), { now: new Date((THEN - 60) * 1000) })
})

it('packages taken in unread give the same state as checked ones', async () => {
  const paths = [await build('one'), await build('two')]
  const [checked, unread] = [newRepository(formats.deb), newRepository(formats.deb)]
  await ingestMany(checked, paths)
  await ingestMany(unread, paths, { payload: 'unread' })
  expect(chunksOf(unread)).toEqual(chunksOf(checked))
  expect(chunksOf(unread)).not.toEqual([])
})

it('a damaged payload never enters but unread; damaged metadata never', async () => {
  const sound = readFileSync(await build('three'))
  const damagedAt = (member: string) => {
    const bytes = Buffer.from(sound)
    const at = bytes.indexOf(member) + 60 + 20
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at)
    const path = join(folder, `${member}.deb`)
    writeFileSync(path, bytes)
    return path
  }
  const own = newRepository(formats.deb)
  const malformed = { code: 'PACKAGE_MALFORMED' }
  await expect(ingestMany(own, [damagedAt('data.tar')])).rejects.toMatchObject(malformed)
  await expect(ingestMany(own, [damagedAt('control.tar')], { payload: 'unread' })).rejects.toMatchObject(malformed)
  expect(chunksOf(own)).toEqual([])
  await ingestMany(own, [damagedAt('data.tar')], { payload: 'unread' })
  expect(chunksOf(own)).toHaveLength(1)
})

it.each(['alpm', 'rpm', 'xbps'] as const)('%s needs its payload read', async (name) => {
  await expect(ingestMany(newRepository(formats[name]), [], { payload: 'unread' })).rejects.toMatchObject({
    code: 'REPOSITORY_UNWRITABLE',
  })
})

it('threads that check many find the damaged one, and say what one check says', async () => {
  const paths = await Promise.all(
    Array.from({ length: THREADS_FROM + 2 }, (_, at) =>
      writeDeb(join(folder, 'unread-many'), { name: `many-${at}`, version: '1.0-1' }),
    ),
  )
  const own = newRepository(formats.deb)
  const sound = await ingestMany(own, paths)
  expect(sound.every(({ added }) => added)).toBe(true)
  expect((await ingestMany(own, paths)).some(({ added }) => added)).toBe(false)
  const damaged = join(folder, 'unread-many/damaged.deb')
  const bytes = readFileSync(paths[7] ?? '')
  const at = bytes.indexOf('data.tar') + 60 + 20
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at)
  writeFileSync(damaged, bytes)
  const mixed = [...paths.slice(0, 7), damaged, ...paths.slice(8)]
  const fresh = newRepository(formats.deb)
  const one = await ingestMany(fresh, [damaged]).catch((error: unknown) => error)
  await expect(ingestMany(fresh, mixed)).rejects.toMatchObject({ code: 'PACKAGE_MALFORMED', message: messageOf(one) })
  expect(chunksOf(fresh)).toEqual([])
})

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}
