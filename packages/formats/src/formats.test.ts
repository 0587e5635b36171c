import { expect, test } from 'vitest'
import { formatOf, formatOfFile, formats } from './formats.ts'
import { rules, rulesOf } from './rules.ts'

test('a format is found by its name alone', () => {
  expect(formatOf('deb')).toBe(formats.deb)
  for (const [name, format] of Object.entries(formats)) expect(format.name).toBe(name)
  for (const name of ['apk', 'constructor', ''])
    expect(() => formatOf(name)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }))
})

test('what is said of a format without its code is what its code does', () => {
  expect(Object.keys(rules)).toEqual(Object.keys(formats))
  for (const { name, compareVersions, upstream } of Object.values(formats))
    expect(rulesOf(name)).toEqual({ name, compareVersions, publishesAdvisories: 'parseAdvisories' in upstream })
  expect(() => rulesOf('apk')).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }))
})

test('a package file tells its format by its name', () => {
  const files = ['a_1_amd64.deb', 'a-1-1-any.pkg.tar.zst', 'a-1-1.noarch.rpm', 'a-1_1.noarch.xbps']
  expect(files.map(formatOfFile)).toEqual(['deb', 'alpm', 'rpm', 'xbps'])
  for (const path of ['a.tar.zst', 'a.deb.part', 'a'])
    expect(() => formatOfFile(path)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }))
})
