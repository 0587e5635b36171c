import { expect, test } from 'vitest'
import { compileGlobs } from './glob.ts'

const cases: [glob: string, path: string, covered: boolean][] = [
  ['/var/log/**', '/var/log/nginx/access.log', true],
  ['/var/log/**', '/var/log', false],
  ['/var/log/**', '/var/logs/a', false],
  ['/etc/machine-id', '/etc/machine-id', true],
  ['/etc/machine-id', '/etc/machine-ids', false],
  ['/etc/*.conf', '/etc/a.conf', true],
  ['/etc/*.conf', '/etc/a/b.conf', false],
  ['/etc/*.conf', '/etc/aXconf', false],
  ['/usr/**/*.pyc', '/usr/lib/a/b.pyc', true],
  ['/usr/**/*.pyc', '/usr/b.pyc', true],
  ['/a/b?', '/a/bc', true],
  ['/a/b?', '/a/b/', false],
  ['/a/(x)', '/a/(x)', true],
  ['/usr/lib/system-systemd\\x2dcryptsetup.slice', '/usr/lib/system-systemd\\x2dcryptsetup.slice', true],
]

test.each(cases)('%s covers %s: %s', (glob, path, covered) => {
  expect(compileGlobs([glob])(path)).toBe(covered)
})

test('an empty list covers nothing, several cover what any covers', () => {
  expect(compileGlobs([])('/a')).toBe(false)
  expect(compileGlobs(['/b', '/a'])('/a')).toBe(true)
})
