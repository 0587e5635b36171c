import type fc from 'fast-check'

/** Versions that PKGBUILD(5) allows, near each other: few characters, with epochs, leading zeros and numbers no integer holds. */
export function versionArbitrary(
  check: typeof fc,
  pkgrel: 'always' | 'sometimes' = 'always',
): fc.Arbitrary<string> {
  const number = check.constantFrom('0', '1', '2', '9', '10', '00', '010', '99999999999999999999')
  const word = check.constantFrom('a', 'b', 'Z', 'rc', 'pre', 'alpha')
  const separator = check.constantFrom('.', '.', '', '_', '+')
  const segment = check.tuple(separator, check.oneof(number, word)).map((parts) => parts.join(''))
  const pkgver = check
    .tuple(check.oneof(number, number, word), check.array(segment, { maxLength: 4 }))
    .map(([first, more]) => first + more.join(''))
  const epoch = check.constantFrom('', '', '', '0:', '1:', '2:', '10:')
  const rel = check.constantFrom('-1', '-2', '-1.1', '-10', ...(pkgrel === 'always' ? [] : ['', '']))
  return check.tuple(epoch, pkgver, rel).map((parts) => parts.join(''))
}
