import { expect, it } from 'vitest'
import { siteCaching } from './static-files.ts'

it.each([
  ['objects/ab/cdef', true],
  ['trust/1.root.json', true],
  ['trust/12.snapshot.json', true],
  ['trust/timestamp.json', false],
  ['channels/web.json', false],
  [`channels/${'0a'.repeat(32)}.web.json`, true],
  [`files/${'0a'.repeat(32)}.json`, true],
  ['files/index.json', false],
  ['repo/deb/dists/stable/InRelease', false],
  ['other/objects/ab', false],
])('%s may be kept for ever: %s', (path, forEver) => {
  expect(siteCaching(path).includes('immutable')).toBe(forEver)
})
