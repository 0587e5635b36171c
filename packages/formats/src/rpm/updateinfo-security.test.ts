import { expect, test } from 'vitest'
import { parseAdvisories } from './updateinfo-security.ts'

const build = (name: string, architecture: string, release = '2') =>
  `<package name="${name}" version="1" release="${release}" epoch="1" arch="${architecture}"><filename>${name}.rpm</filename></package>`

function update(id: string, type: string, ...collections: readonly string[]): string {
  return `<update type="${type}"><id>${id}</id><title>t ${id}</title><severity>Important</severity>
    <pkglist>${collections.map((text) => `<collection>${text}</collection>`).join('')}</pkglist></update>`
}

test('what is about security, by the builds that are installed', () => {
  const stream = '<module name="perl" stream="5.30" version="1" context="c" arch="x86_64"/>'
  const text = `<updates>
    ${update('A', 'security', build('a', 'src') + build('a', 'x86_64'), stream + build('p', 'noarch', '3'))}
    ${update('B', 'bugfix', build('b', 'x86_64'))}
    ${update('C', 'Security', '')}
  </updates>`
  expect(parseAdvisories(Buffer.from(text))).toEqual([
    {
      ...{ id: 'A', title: 't A', severity: 'Important' },
      packages: [
        { name: 'a', version: '1:1-2', architecture: 'x86_64' },
        { name: 'p', version: '1:1-3', architecture: 'noarch', ofStream: true },
      ],
    },
    { id: 'C', title: 't C', severity: 'Important', packages: [] },
  ])
})

test('what is no updateinfo is refused', () => {
  expect(() => parseAdvisories(Buffer.from('<metadata/>'))).toThrow(
    expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }),
  )
})
