import fc from 'fast-check'
import { expect, test } from 'vitest'
import { confinedPath } from './path.ts'

test.each([
  ['./usr/bin/x', 'usr/bin/x'],
  ['./', ''],
  ['.', ''],
  ['usr//bin/./x/', 'usr/bin/x'],
  ['...', '...'],
  ['a/..b', 'a/..b'],
])('%j is %j', (text, path) => {
  expect(confinedPath(text)).toBe(path)
})

test.each(['', '/', '/etc/passwd', '..', '../x', 'a/../b', './a/..', 'a\0b', `a/${'x'.repeat(5000)}`])(
  '%j is refused',
  (text) => {
    expect(confinedPath(text)).toBeUndefined()
  },
)

test('what comes out is normal, and normal stays as it is', () => {
  const part = fc.constantFrom('a', 'b', '.', '..', '', '...', 'c.d')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const path = confinedPath(parts.join('/'))
      if (path === undefined) {
        expect(parts.includes('..') || parts.join('/').match(/^\/|^$/) !== null).toBe(true)
        return
      }
      if (path === '') return
      expect(confinedPath(path)).toBe(path)
      expect(path.split('/').some((name) => name === '' || name === '.' || name === '..')).toBe(false)
    }),
  )
})
