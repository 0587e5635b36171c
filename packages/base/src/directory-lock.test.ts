import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DirectoryLock, withDirectoryLock } from './directory-lock.ts'

let place = ''
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'holotype-lock-'))
  symlinkSync(place, join(place, 'itself'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const lock = (more: Partial<DirectoryLock> = {}): DirectoryLock => ({
  directory: place,
  purpose: 'test',
  busy: () => new Error('taken'),
  ...more,
})
const nothing = async () => 'done'

describe('withDirectoryLock', () => {
  test('lets one in at a time, by whatever path the directory is named', async () => {
    await withDirectoryLock(lock(), async () => {
      await expect(withDirectoryLock(lock({ directory: join(place, 'itself') }), nothing)).rejects.toThrow('taken')
    })
    expect(await withDirectoryLock(lock(), nothing)).toBe('done')
  })

  test('is free again after a failure, and of another purpose at any time', async () => {
    const failing = withDirectoryLock(lock(), async () => {
      expect(await withDirectoryLock(lock({ purpose: 'other' }), nothing)).toBe('done')
      throw new Error('broken')
    })
    await expect(failing).rejects.toThrow('broken')
    expect(await withDirectoryLock(lock(), nothing)).toBe('done')
  })
})
