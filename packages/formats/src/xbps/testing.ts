import type fc from 'fast-check'

/** Versions near each other: few pieces, with every word of the scheme, leading zeros and numbers no integer holds. */
export function versionArbitrary(check: typeof fc): fc.Arbitrary<string> {
  const piece = check.constantFrom(
    '0',
    '1',
    '2',
    '10',
    '00',
    '010',
    '2147483648',
    '99999999999999999999',
    '.',
    '.',
    '+',
    'a',
    'b',
    'Z',
    'p',
    'rc',
    'pre',
    'alpha',
    'beta',
    'pl',
  )
  const text = check.array(piece, { maxLength: 6 }).map((pieces) => `${pieces.join('')}`)
  const revision = check.constantFrom('', '_1', '_2', '_10', '_01_1')
  return check.tuple(text, revision).map((parts) => parts.join(''))
}
