import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { run } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseChangelog } from '../deb/changelog.ts'
import { scratch } from '../testing/tools.ts'
import type { ChangelogEntry } from '../types.ts'
import { authorAndVersion, parseSpecChangelog, renderDebChangelog, renderSpecChangelog } from './changelog.ts'

const FREE = `* Mon Jan  2 2023 Jane Roe <jane@acme.example> - 1:2.3-4
- first line
- %%{macro} and * star

* Sat Dec 31 2022 Jane Roe <jane@acme.example> 2.3-3
- no dash before the version
* Fri Dec 30 10:11:12 CET 2022 Build Service
- a time and a zone
* Thu 29 Dec 2022 John Doe <john@acme.example>
- the day first
* 2022-12-28 John Doe <john@acme.example> - 2.2-1
- ISO
`

describe('the changelog of a spec file', () => {
  test('has dates in many forms', () => {
    expect(parseSpecChangelog(FREE)).toEqual([
      {
        version: '1:2.3-4',
        author: 'Jane Roe <jane@acme.example>',
        date: '2023-01-02T12:00:00.000Z',
        text: '- first line\n- %%{macro} and * star',
      },
      {
        version: '2.3-3',
        author: 'Jane Roe <jane@acme.example>',
        date: '2022-12-31T12:00:00.000Z',
        text: '- no dash before the version',
      },
      { version: '', author: 'Build Service', date: '2022-12-30T09:11:12.000Z', text: '- a time and a zone' },
      {
        version: '',
        author: 'John Doe <john@acme.example>',
        date: '2022-12-29T12:00:00.000Z',
        text: '- the day first',
      },
      { version: '2.2-1', author: 'John Doe <john@acme.example>', date: '2022-12-28T12:00:00.000Z', text: '- ISO' },
    ])
  })

  test('without a date is refused, naming the line', () => {
    for (const text of ['* nobody knows when', '* Mon Foo 2 2023 x', '* Mon Jan 42 2023 x', '*'])
      expect(() => parseSpecChangelog(`${FREE}${text}\n`)).toThrow(
        expect.objectContaining({ code: 'CHANGELOG_MALFORMED', message: expect.stringContaining('line 13') }),
      )
  })

  test.each([
    ['A B <a@b> - 1.0-1', 'A B <a@b>', '1.0-1'],
    ['A B <a@b> 1.0-1', 'A B <a@b>', '1.0-1'],
    ['A B <a@b> (2:1.0^git1~rc)', 'A B <a@b>', '2:1.0^git1~rc'],
    ['A B <a@b>', 'A B <a@b>', ''],
    ['A B - 1.0', 'A B - 1.0', ''],
    ['', '', ''],
  ])('author and version of %s', (text, author, version) => {
    expect(authorAndVersion(text)).toEqual({ author, version })
  })

  const entry = fc.record({
    version: fc.constantFrom('', '1.0-1', '2:3~rc1-4.fc40'),
    author: fc.constantFrom('Jane Roe <jane@acme.example>', 'J. <j@x>'),
    date: fc.integer({ min: 0, max: 20_000 }).map((day) => new Date(day * 86_400_000 + 43_200_000).toISOString()),
    text: fc.constantFrom('- a fix', '- two\n- lines', '- 100 things\n  continued'),
  }) satisfies fc.Arbitrary<ChangelogEntry>

  test('law: what is rendered is read back, by us', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        expect(parseSpecChangelog(renderSpecChangelog(entries))).toEqual(entries)
        const own = {
          name: 'hello',
          version: '9-9',
          author: 'Acme <a@acme.example>',
          debVersion: (text: string) => text,
        }
        const back = parseChangelog(renderDebChangelog(entries, own))
        expect(back.map(({ version, author, date }) => [version, author, new Date(date).toISOString()])).toEqual(
          entries.map(({ version, author, date }) => [version === '' ? '9-9' : version, author, date]),
        )
      }),
    )
  })

  const rpm = spawnSync('rpmspec', ['--version']).status === 0
  test.skipIf(!rpm)(`rpm reads the same dates${rpm ? '' : ' (skipped, because there is no rpmspec)'}`, async () => {
    using directory = scratch()
    const dated = FREE.split('\n').slice(0, 8).join('\n')
    const spec = directory.at('hello.spec')
    writeFileSync(
      spec,
      `Name: hello\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\n%description\nd\n%changelog\n${dated}\n${renderSpecChangelog(parseSpecChangelog(FREE).slice(3))}`,
    )
    const { stdout } = await run(['rpmspec', '-q', '--srpm', '--qf', '[%{CHANGELOGTIME}\\n]', spec])
    expect(stdout.toString().trim().split('\n').map(Number)).toEqual(
      parseSpecChangelog(FREE).map(({ date }) => Date.parse(date) / 1000),
    )
  })

  const dpkg = spawnSync('dpkg-parsechangelog', ['--version']).status === 0
  test.skipIf(!dpkg)(
    `dpkg reads the strict form without a complaint${dpkg ? '' : ' (skipped, because there is no dpkg-parsechangelog)'}`,
    async () => {
      using directory = scratch()
      const file = directory.at('changelog')
      writeFileSync(
        file,
        renderDebChangelog(parseSpecChangelog(FREE), {
          name: 'hello',
          version: '2.3-4',
          author: 'Acme <a@acme.example>',
          debVersion: (text) => text,
        }),
      )
      const { stdout, stderr } = await run(['dpkg-parsechangelog', '--all', '--file', file])
      expect(stderr).toBe('')
      expect(stdout.toString()).toMatch(/^Version: 1:2\.3-4$/m)
      expect(stdout.toString()).toMatch(/^Timestamp: 1672660800$/m)
    },
  )
})
