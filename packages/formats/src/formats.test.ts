import { expect, test } from 'vitest'
import { formatOf, formats } from './formats.ts'

test('a format is found by its name alone', () => {
  expect(formatOf('deb')).toBe(formats.deb)
  for (const [name, format] of Object.entries(formats)) expect(format.name).toBe(name)
  for (const name of ['rpm', 'constructor', ''])
    expect(() => formatOf(name)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }))
})
