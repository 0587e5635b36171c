import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hexOf, silent } from '@holotype/base'
import { formats } from '@holotype/formats'
import type { LockedPackage } from '@holotype/solver'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../testing/temporary.ts'
import { missingSonames, refuseMissingSonames } from './check-lock.ts'

const base = temporaryDirectory()
const store = openStore(join(base, 'store'))

/** A package of files of this machine. */
async function locked(name: string, version: string, files: readonly string[]): Promise<LockedPackage> {
  const path = join(base, `${name}-${version}.deb`)
  await formats.deb.writePackage(path, {
    fields: [
      ['Package', name],
      ['Version', version],
      ['Architecture', 'amd64'],
      ['Maintainer', 'Jane Doe <jane@example.org>'],
      ['Description', 'a sample'],
    ],
    control: new Map(),
    payload: files.map((file) => {
      const bytes = readFileSync(file)
      const owned = { uid: 0, gid: 0, mtime: 1_700_000_000 }
      return { path: file.slice(1), type: 'file', mode: 0o755, ...owned, size: bytes.length, bytes }
    }),
    epoch: 1_700_000_000,
  })
  const bytes = readFileSync(path)
  const sha256 = hexOf(store.put(bytes))
  return {
    name,
    version,
    architecture: 'amd64',
    source: name,
    sourceVersion: version,
    size: bytes.length,
    sha256,
    from: 'test',
  }
}

const check = (packages: readonly LockedPackage[], previous: readonly LockedPackage[] = []) =>
  ({ store, lock: { format: 'deb', packages }, previous, progress: silent }) as const

const libraries = globSync('/usr/lib/*-linux-gnu/{libc.so.6,ld-linux-*.so.*}')
const skipped = libraries.length < 2 ? ' (skipped, because this machine has no libc where Debian has it)' : ''

test.skipIf(skipped !== '')(
  `a lock holds if every program finds its libraries; else it is refused, by name${skipped}`,
  async () => {
    const tool = await locked('tool', '1', ['/usr/bin/true'])
    const libc = await locked('libc6', '2', libraries)
    const gone = await locked('libc6', '3', ['/etc/hostname'])
    expect(await missingSonames(check([tool, libc]))).toEqual([])
    await refuseMissingSonames(check([tool, libc]))
    await expect(refuseMissingSonames(check([tool, gone], [tool, libc]))).rejects.toMatchObject({
      code: 'LOCK_SONAME_MISSING',
      message: 'no package has libc.so.6, needed by tool 1 (usr/bin/true): libc6 2 had it, 3 has not',
    })
    // The second time nothing is read: the package file may be gone.
    const again = openStore(join(base, 'store'))
    expect(await missingSonames({ ...check([tool]), store: again })).toMatchObject([{ soname: 'libc.so.6' }])
  },
)

test('a package that cannot be read is named', async () => {
  const bytes = Buffer.from('no package')
  const sha256 = hexOf(store.put(bytes))
  const broken = { ...(await locked('whole', '1', ['/etc/hostname'])), name: 'broken', sha256 }
  await expect(missingSonames(check([broken]))).rejects.toMatchObject({
    code: 'UNPACK_FAILED',
    message: expect.stringMatching(/^broken 1 \(amd64\): /),
  })
})
