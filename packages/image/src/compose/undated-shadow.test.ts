import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@holotype/store'
import { afterAll, expect, test } from 'vitest'
import type { PathMap } from './path-map.ts'
import { undateShadow } from './undated-shadow.ts'

const scratch = mkdtempSync(join(tmpdir(), 'holotype-shadow-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('the day of the last password change leaves the image, what else shadow says stays', () => {
  const store = openStore(join(scratch, 'store'))
  const shadowOf = (text: string): string => {
    const map: PathMap = new Map()
    const file = { type: 'file', mode: 0o640, uid: 0, gid: 42, mtime: 1, size: text.length } as const
    map.set('etc/shadow', { entry: { ...file, digest: store.put(Buffer.from(text)) }, owner: 'spec' })
    undateShadow(map, store)
    const entry = map.get('etc/shadow')?.entry
    if (entry?.type !== 'file') throw new Error('no shadow file')
    const bytes = store.read(entry.digest)
    expect({ ...entry, digest: '' }).toEqual({ ...file, size: bytes.length, digest: '' })
    return bytes.toString()
  }
  expect(shadowOf('root:*:20636:0:99999:7:::\n_chrony:!:20636::::::\n')).toBe(
    'root:*::0:99999:7:::\n_chrony:!:::::::\n',
  )
  expect(shadowOf('root:*:20636:0:99999:7:::\n')).toBe(shadowOf('root:*:20640:0:99999:7:::\n'))
  expect(shadowOf('new:$y$x:0:0:90:7:::\nnot a line of it')).toBe('new:$y$x:0:0:90:7:::\nnot a line of it')
})

test('an image without accounts has nothing to change', () => {
  const map: PathMap = new Map()
  undateShadow(map, openStore(join(scratch, 'store')))
  expect(map.size).toBe(0)
})
