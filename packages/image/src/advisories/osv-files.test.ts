import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formats } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../diff/testing/temporary.ts'
import { OSV_FILE_BYTES } from './limits.ts'
import { readOsvFiles } from './osv-files.ts'

const place = temporaryDirectory()
const store = openStore(join(place, 'store'))
const directory = join(place, 'acme')
const osv = join(directory, 'osv')
mkdirSync(osv, { recursive: true })

const record = (id: string, fixed: string) =>
  JSON.stringify({
    id,
    summary: 'a hole',
    affected: [
      {
        package: { ecosystem: 'Debian:12', name: 'ssl' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
      },
    ],
  })
const read = (path: string, ecosystem = 'Debian:12') =>
  readOsvFiles({ store, directory, path, ecosystem, format: formats.deb }).advisories.map(
    ({ id, fixed }) => `${id} ${fixed}`,
  )

test('a file, or the .json files of a directory, as they are now', () => {
  writeFileSync(join(osv, 'b.json'), record('B', '2'))
  writeFileSync(join(osv, 'a.json'), `[${record('A', '1')}]`)
  writeFileSync(join(osv, 'README'), 'no JSON')
  expect(read('osv')).toEqual(['A 1', 'B 2'])
  expect(read('osv')).toEqual(['A 1', 'B 2'])
  expect(read('osv', 'Debian:13')).toEqual([])
  expect(read('osv/b.json')).toEqual(['B 2'])
  writeFileSync(join(osv, 'b.json'), record('B', '3'))
  expect(read('osv')).toEqual(['A 1', 'B 3'])
})

test('what leads out of the distribution, is no file, or too large is refused', () => {
  const refused = (path: string, code: string) => expect(() => read(path)).toThrow(expect.objectContaining({ code }))
  writeFileSync(join(place, 'outside.json'), record('X', '1'))
  refused('../outside.json', 'DISTRIBUTION_SOURCE_OUTSIDE')
  const leading = join(directory, 'leading')
  mkdirSync(leading)
  symlinkSync('../../outside.json', join(leading, 'x.json'))
  refused('leading', 'DISTRIBUTION_SOURCE_OUTSIDE')
  refused('none', 'DISTRIBUTION_SOURCE_MISSING')
  mkdirSync(join(directory, 'folders/x.json'), { recursive: true })
  refused('folders', 'ADVISORIES_MALFORMED')
  writeFileSync(join(directory, 'large.json'), '')
  truncateSync(join(directory, 'large.json'), OSV_FILE_BYTES + 1)
  refused('large.json', 'ADVISORIES_MALFORMED')
})
