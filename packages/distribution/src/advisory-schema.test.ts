import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadDistribution } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'holotype-advisories-'))
afterAll(() => rmSync(folder, { recursive: true }))

const GOOD = `title: hello reads beyond its buffer
severity: important
issued: 2026-11-20
description: |
  A long name is read beyond its end.
cves: [CVE-2026-12345]
fixed:
  hello: 1.1-1
`

let count = 0
/** A distribution with one advisory. */
function withAdvisory(file: string, text: string): string {
  const directory = join(folder, String(++count))
  mkdirSync(join(directory, 'advisories'), { recursive: true })
  writeFileSync(
    join(directory, 'holotype.yaml'),
    'name: acme\nupstreams:\n  debian:\n    format: deb\n    from: host\n    pockets: [release]\n    components: [main]\n',
  )
  writeFileSync(join(directory, 'advisories', file), text)
  return directory
}

describe('an advisory', () => {
  it('is named by its file, which may be called as advisories are', () => {
    const { advisories } = loadDistribution(withAdvisory('ACME-2026:1.yaml', GOOD))
    expect([...advisories]).toEqual([
      [
        'ACME-2026:1',
        {
          title: 'hello reads beyond its buffer',
          type: 'security',
          severity: 'important',
          issued: '2026-11-20T00:00:00.000Z',
          description: 'A long name is read beyond its end.',
          cves: ['CVE-2026-12345'],
          references: [],
          fixed: { hello: '1.1-1' },
        },
      ],
    ])
  })

  it.each([
    ['severity: important', 'severity: grave', '2:11', 'severity'],
    ['2026-11-20', 'yesterday', '3:9', 'a date is written 2026-11-20'],
    ['CVE-2026-12345', 'CVE-26-1', '6:8', 'a CVE id is written CVE-2026-12345'],
    ['hello: 1.1-1', 'hello: 1.1', '8:10', 'hello'],
    ['  hello: 1.1-1', '  {}', '8:3', 'name at least one package'],
    ['hello: 1.1-1', '"a b": 1.1-1', '8:3', 'a name of a source package'],
    ['title: hello', 'headline: hello', '1:1', 'headline'],
  ])('with %j as %j is refused where it stands', (from, to, place, says) => {
    const directory = withAdvisory('ACME-1.yaml', GOOD.replace(from, to))
    const shown = `${join(directory, 'advisories/ACME-1.yaml')}:${place}`
    expect(() => loadDistribution(directory)).toThrow(
      expect.objectContaining({ code: 'YAML_SCHEMA', message: expect.stringContaining(shown) }),
    )
    expect(() => loadDistribution(directory)).toThrow(says)
  })

  it('in a file with another name is refused', () => {
    expect(() => loadDistribution(withAdvisory('-x.yaml', GOOD))).toThrow('"-x" is not a name')
    expect(() => loadDistribution(withAdvisory('a.yml', GOOD))).toThrow('the ending here is .yaml')
  })
})
