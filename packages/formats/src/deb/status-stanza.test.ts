import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { run } from '@holotype/base'
import { expect, test } from 'vitest'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { parseStanzas, renderStanza } from './control.ts'
import { deb } from './index.ts'
import { statusStanza } from './status-stanza.ts'
import { sampleFields } from './testing.ts'

const fields = sampleFields('sample', '1.0-1', [
  ['XB-Odd', 'kept'],
  ['Depends', 'libc6(>=2.36) ,  perl:any|python3 ( << 4 )'],
  ['Homepage', 'https://example.org'],
  ['Conflicts', 'other'],
  ['Breaks', 'third (<< 2)'],
  ['Provides', 'virtual (= 1)'],
  ['Essential', 'no'],
  ['Multi-Arch', 'foreign'],
  ['Source', 'samples (1.0)'],
])
const conffiles = ['/etc/b.conf', '/etc/a.conf']

const asRoot = haveTools('dpkg') && process.getuid?.() === 0
test.skipIf(!asRoot)(
  `it is what dpkg writes after unpacking${asRoot ? '' : ' (skipped: needs dpkg and root)'}`,
  async () => {
    using directory = scratch()
    const root = { mode: 0o644, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 1_700_000_000 }
    await deb.writePackage(directory.at('p.deb'), {
      fields,
      control: new Map([
        ['conffiles', { bytes: Buffer.from(conffiles.map((path) => `${path}\n`).join('')), mode: 0o644 }],
      ]),
      payload: conffiles.map((path) => ({
        ...root,
        path: path.slice(1),
        type: 'file',
        size: 1,
        bytes: Buffer.from('x'),
      })),
      epoch: 1_700_000_000,
    })
    mkdirSync(directory.at('root/var/lib/dpkg/info'), { recursive: true })
    mkdirSync(directory.at('root/var/lib/dpkg/updates'))
    writeFileSync(directory.at('root/var/lib/dpkg/status'), '')
    const dpkg = (...argv: string[]) =>
      run(['dpkg', `--root=${directory.at('root')}`, '--log=/dev/null', '--force-script-chrootless', ...argv])
    await dpkg('--force-breaks', '--force-conflicts', '--unpack', directory.at('p.deb'))
    const status = readFileSync(directory.at('root/var/lib/dpkg/status'), 'utf8')
    expect(`${statusStanza(fields, conffiles)}\n`).toBe(status)
    // And the other way round: dpkg takes ours for its own.
    writeFileSync(directory.at('root/var/lib/dpkg/status'), statusStanza(fields, conffiles))
    expect((await dpkg('--audit')).stdout.toString()).toMatch(/unpacked but not yet configured[^]*sample/)
    expect((await dpkg('--list')).stdout.toString()).toMatch(/^iU +sample +1\.0-1 +amd64/m)
    await dpkg('--force-depends', '--configure', 'sample')
    expect((await dpkg('--audit')).stdout.toString()).toBe('')
  },
)

test.skipIf(!haveTools('dpkg-query'))(
  `fields in any order come out as dpkg's status file has them${skipReason('dpkg-query')}`,
  () => {
    const dpkgOwn = /^(status|conffiles|config-version|triggers-.*)$/i
    const known =
      /^(package|essential|protected|priority|section|installed-size|origin|maintainer|bugs|architecture|multi-arch|source|version|replaces|provides|depends|pre-depends|recommends|suggests|breaks|conflicts|enhances|description)$/i
    const installed = parseStanzas(readFileSync('/var/lib/dpkg/status', 'utf8')).filter((stanza) =>
      stanza.some(([, value]) => value === 'install ok installed'),
    )
    expect(installed.length).toBeGreaterThan(50)
    for (const stanza of installed) {
      const own = stanza.filter(([name]) => !dpkgOwn.test(name))
      const shuffled = [
        ...own.filter(([name]) => known.test(name)).toReversed(),
        ...own.filter(([name]) => !known.test(name)),
      ]
      const expected = renderStanza(stanza.filter(([name]) => name === 'Status' || !dpkgOwn.test(name)))
      expect(statusStanza(shuffled, [], 'install ok installed')).toBe(expected)
    }
  },
)

test('a conffile is an absolute path', () => {
  const malformed = expect.objectContaining({ code: 'CONTROL_MALFORMED' })
  expect(() => statusStanza(fields, ['etc/a'])).toThrow(malformed)
  expect(() => statusStanza(fields, ['/etc/a\nStatus: x'])).toThrow(malformed)
})
