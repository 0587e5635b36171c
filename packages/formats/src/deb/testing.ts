import type fc from 'fast-check'
import type { RepositorySettings } from '../repository-writer.ts'
import type { Stanza } from './control.ts'

/** Fields of a package that dpkg accepts, for tests. */
export function sampleFields(name: string, version: string, more: Stanza = []): Stanza {
  return [
    ['Package', name],
    ['Version', version],
    ['Architecture', 'amd64'],
    ['Maintainer', 'Jane Doe <jane@example.org>'],
    ['Installed-Size', '12'],
    ...more,
    ['Section', 'misc'],
    ['Priority', 'optional'],
    ['Description', 'a sample for tests\n It says hello.\n .\n Nothing more.'],
  ]
}

/** A repository's settings, for tests. */
export function sampleSettings(more: Partial<RepositorySettings> = {}): RepositorySettings {
  return {
    origin: 'Example',
    label: 'Example',
    suite: 'stable',
    codename: 'stable',
    description: 'a repository for tests',
    architectures: ['amd64'],
    component: 'main',
    date: 1_700_000_000,
    ...more,
  }
}

/** Versions by deb-version(7), near each other: few characters, with epochs, tildes, leading zeros and numbers no integer holds. */
export function versionArbitrary(check: typeof fc): fc.Arbitrary<string> {
  const piece = check.constantFrom(
    '0',
    '1',
    '2',
    '9',
    '10',
    '00',
    '010',
    '99999999999999999999',
    '~',
    '~~',
    '+',
    '.',
    'a',
    'b',
    'Z',
    'rc',
  )
  const text = check.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''))
  const epoch = check.constantFrom('', '', '', '0:', '1:', '2:', '10:')
  const revision = check.oneof(
    check.constant(''),
    text.filter((part) => part !== '').map((part) => `-${part}`),
  )
  return check.tuple(epoch, check.constantFrom('0', '1', '2', '10'), text, revision).map((parts) => parts.join(''))
}
