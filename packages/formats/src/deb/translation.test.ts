import { expect, test } from 'vitest'
import { descriptionMd5, parseTranslation, renderTranslation } from './translation.ts'

const ENTRY = {
  package: 'hello',
  descriptionMd5: descriptionMd5('a sample\n It says hello.'),
  description: 'ein Muster\n Es sagt „hallo“.\n .\n Mehr nicht.',
}

test('what is rendered is read back', () => {
  const text = renderTranslation(ENTRY, 'de') + renderTranslation({ ...ENTRY, package: 'other' }, 'de')
  expect(parseTranslation(Buffer.from(text), 'de')).toEqual([ENTRY, { ...ENTRY, package: 'other' }])
  expect(text).toMatch(/^Package: hello\nDescription-md5: [0-9a-f]{32}\nDescription-de: ein Muster\n Es sagt/)
})

test('the digest is the one that archives write', () => {
  // Of bookworm's `base-files`, as its index and its package have it.
  expect(
    descriptionMd5(
      'Debian base system miscellaneous files\n This package contains the basic filesystem hierarchy of a Debian system, and\n several important miscellaneous files, such as /etc/debian_version,\n /etc/host.conf, /etc/issue, /etc/motd, /etc/profile, and others,\n and the text of several common licenses in use on Debian systems.',
    ),
  ).toBe('6d16337f57b84c4747f56438355b2395')
})

test.each([
  'Package: a\n',
  `Package: a\nDescription-md5: x\nDescription-de: y\n`,
  'nothing\n',
  renderTranslation(ENTRY, 'fr'),
])('malformed: %j', (text) => {
  expect(() => parseTranslation(Buffer.from(text), 'de')).toThrow(
    expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }),
  )
})

test('what no stanza can hold is refused', () => {
  expect(() => renderTranslation({ ...ENTRY, description: 'a\nb' }, 'de')).toThrow(
    expect.objectContaining({ code: 'REPOSITORY_UNWRITABLE' }),
  )
})
