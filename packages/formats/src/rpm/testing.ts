import type fc from 'fast-check'

/** EVRs near each other: few characters, with epochs, tildes, carets, separators, leading zeros and numbers no integer holds. */
export function versionArbitrary(check: typeof fc): fc.Arbitrary<string> {
  const part = partArbitrary(check)
  const epoch = check.constantFrom('', '', '', '0:', '1:', '2:', '10:')
  return check.tuple(epoch, part, part).map(([before, version, release]) => `${before}${version}-${release}`)
}

/** A version or a release without a hyphen or a colon. */
export function partArbitrary(check: typeof fc): fc.Arbitrary<string> {
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
    '^',
    '+',
    '.',
    '_',
    'a',
    'b',
    'Z',
    'rc',
    'ab',
  )
  return check
    .tuple(check.constantFrom('0', '1', '2', '10', 'a'), check.array(piece, { maxLength: 5 }))
    .map(([first, rest]) => first + rest.join(''))
}
