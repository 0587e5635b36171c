import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { deb } from '../deb/index.ts'
import { rpm } from '../rpm/index.ts'
import { inspectPackage } from '../inspect.ts'
import { readWhole } from '../testing/contract.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { PackageToWrite } from '../types.ts'
import { convertPackage } from './convert.ts'

const common = { uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 1_700_000_000, size: 0 }
const directory = (path: string) => ({ ...common, path, type: 'directory', mode: 0o755 }) as const
const file = (path: string, text: string | Buffer, mode = 0o644) => {
  const bytes = Buffer.from(text)
  return { ...common, path, type: 'file', mode, size: bytes.length, bytes } as const
}

const CHANGELOG = `greeter (1:2.0-3) unstable; urgency=high

  * Says hello in two lines,
    not in one.

 -- Jane Roe <jane@acme.example>  Mon, 02 Jan 2023 10:11:12 +0100

greeter (1:2.0-2) unstable; urgency=low

  * First.

 -- John Doe <john@acme.example>  Sun, 01 Jan 2023 00:00:00 +0000
`

/** A .deb with all that a conversion has to do with. */
const GREETER: PackageToWrite = {
  fields: [
    ['Package', 'greeter'],
    ['Version', '1:2.0-3'],
    ['Architecture', 'amd64'],
    ['Maintainer', 'Jane Roe <jane@acme.example>'],
    ['Pre-Depends', 'libc6 (>= 2.36)'],
    ['Depends', 'bash, default-mta | mail-transport-agent, perl:any'],
    ['Recommends', 'less (>> 500)'],
    ['Provides', 'greeting-service (= 2)'],
    ['Conflicts', 'old-greeter (<< 2), rival'],
    ['Replaces', 'old-greeter'],
    ['Section', 'net'],
    ['Homepage', 'https://acme.example/greeter'],
    ['Description', 'greets\n It greets whoever comes.\n .\n Politely.'],
  ],
  control: new Map([
    ['conffiles', { bytes: Buffer.from('/etc/greeter.conf\n'), mode: 0o644 }],
    ['md5sums', { bytes: Buffer.from(''), mode: 0o644 }],
    ['triggers', { bytes: Buffer.from('activate-noawait ldconfig\n'), mode: 0o644 }],
    ['postinst', { bytes: Buffer.from('#!/bin/sh\nset -e\necho "$1" >> "$GREETER_LOG"\n'), mode: 0o755 }],
    ['prerm', { bytes: Buffer.from('#!/bin/sh\nset -e\necho "$1" >> "$GREETER_LOG"\n'), mode: 0o755 }],
  ]),
  payload: [
    directory(''),
    directory('etc'),
    file('etc/greeter.conf', 'hello=1\n'),
    directory('bin'),
    file('bin/greet', '#!/bin/sh\necho hello\n', 0o4755),
    { ...common, path: 'bin/hail', type: 'hardlink', mode: 0o4755, target: 'bin/greet' },
    directory('usr'),
    directory('usr/share'),
    directory('usr/share/greeter'),
    { ...common, path: 'usr/share/greeter/conf', type: 'symlink', mode: 0o777, target: '/etc/greeter.conf' },
    directory('usr/share/doc'),
    directory('usr/share/doc/greeter'),
    file('usr/share/doc/greeter/changelog.Debian.gz', gzipSync(CHANGELOG, { level: 9 })),
  ],
  epoch: 1_700_000_000,
}

const NAMES = { libc6: 'glibc', perl: 'perl-interpreter', 'default-mta': 'postfix', 'mail-transport-agent': 'smtpd' }

async function greeterRpm(place: ReturnType<typeof scratch>) {
  await deb.writePackage(place.at('greeter.deb'), GREETER)
  const options = { directory: place.path, names: NAMES, allowScripts: true }
  return convertPackage(place.at('greeter.deb'), options)
}

describe('a .deb becomes an rpm', () => {
  test('with its relations, files, flags, changelog and scripts; what rpm cannot hold is reported', async () => {
    using place = scratch()
    const report = await greeterRpm(place)
    expect(report).toMatchObject({
      from: 'deb',
      to: 'rpm',
      name: 'greeter',
      version: ['1:2.0-3', '1:2.0-3'],
      architecture: ['amd64', 'x86_64'],
      changelogEntries: 2,
      scripts: ['postin', 'preun'],
    })
    expect(report.notes.map(({ part, what }) => `${part}: ${what}`)).toEqual([
      'payload: bin/greet and 1 more: moved below usr/, where both sides have them today',
      'field: the control member triggers: rpm has nothing like it',
    ])
    const { record, changelog, files } = await inspectPackage(rpm, place.at('greeter-2.0-3.x86_64.rpm'))
    expect(record).toMatchObject({ name: 'greeter', version: '1:2.0-3', architecture: 'x86_64' })
    expect(changelog.map(({ author, date, text }) => [author, date, text])).toEqual([
      ['Jane Roe <jane@acme.example>', '2023-01-02T09:11:12.000Z', '  * Says hello in two lines,\n    not in one.'],
      ['John Doe <john@acme.example>', '2023-01-01T00:00:00.000Z', '  * First.'],
    ])
    expect(files.map(({ path, type, mode }) => [path, type, mode])).toEqual([
      ['etc/greeter.conf', 'file', 0o644],
      // Of a hard link set rpm reads the bytes with the last in its order.
      ['usr/bin/hail', 'file', 0o4755],
      ['usr/bin/greet', 'hardlink', 0o4755],
      ['usr/share/greeter', 'directory', 0o755],
      ['usr/share/greeter/conf', 'symlink', 0o777],
      ['usr/share/doc/greeter', 'directory', 0o755],
      ['usr/share/doc/greeter/changelog.Debian.gz', 'file', 0o644],
    ])
  })

  test('same input, same bytes', async () => {
    using one = scratch()
    using other = scratch()
    await greeterRpm(one)
    await greeterRpm(other)
    expect(
      readFileSync(one.at('greeter-2.0-3.x86_64.rpm')).equals(readFileSync(other.at('greeter-2.0-3.x86_64.rpm'))),
    ).toBe(true)
  })

  test('not with scripts that nobody allowed, nor for a machine rpm has no name for', async () => {
    using place = scratch()
    await deb.writePackage(place.at('greeter.deb'), GREETER)
    const options = { directory: place.at('out'), names: {}, allowScripts: false }
    await expect(convertPackage(place.at('greeter.deb'), options)).rejects.toEqual(
      expect.objectContaining({ code: 'CONVERT_REFUSED', message: expect.stringContaining('postinst, prerm') }),
    )
    const fields = GREETER.fields.map(([name, value]) => [name, name === 'Architecture' ? 'm68k' : value] as const)
    mkdirSync(place.at('out'))
    await deb.writePackage(place.at('odd.deb'), { ...GREETER, fields, control: new Map() })
    await expect(convertPackage(place.at('odd.deb'), options)).rejects.toEqual(
      expect.objectContaining({ code: 'CONVERT_REFUSED', message: expect.stringContaining('m68k') }),
    )
    expect(readdirSync(place.at('out'))).toEqual([])
  })

  test.skipIf(!haveTools('rpm'))(
    `rpm installs it, and runs its scripts with Debian’s words${skipReason('rpm')}`,
    async () => {
      using place = scratch()
      await greeterRpm(place)
      const query = async (...flags: string[]) =>
        (await run(['rpm', '-qp', ...flags, place.at('greeter-2.0-3.x86_64.rpm')])).stdout.toString().trim().split('\n')
      await run(['rpm', '-K', '--nosignature', place.at('greeter-2.0-3.x86_64.rpm')])
      const requires = await query('--requires')
      for (const line of ['glibc >= 2.36', 'bash', '(postfix or smtpd)', 'perl-interpreter'])
        expect(requires).toContain(line)
      expect(await query('--recommends')).toEqual(['less > 500'])
      expect(await query('--conflicts')).toEqual(['rival'])
      expect(await query('--obsoletes')).toEqual(['old-greeter < 2'])
      expect(await query('--provides')).toContain('greeting-service = 2')
      expect(await query('-c')).toEqual(['/etc/greeter.conf'])
      expect((await query('--changelog'))[0]).toBe('* Mon Jan 02 2023 Jane Roe <jane@acme.example> - 1:2.0-3')
      const [root, log] = [place.at('root'), place.at('log')]
      mkdirSync(root)
      // Scripts run outside the root: they name no file of it.
      const install = (...flags: string[]) =>
        run(['rpm', '--root', root, '--dbpath', '/db', '--nodeps', '--define', '_rpmlock_path /lock', ...flags], {
          env: { PATH: process.env['PATH'] ?? '', GREETER_LOG: log },
        })
      await install('-i', '--noscripts', place.at('greeter-2.0-3.x86_64.rpm'))
      expect(readFileSync(join(root, 'usr/bin/hail'), 'utf8')).toContain('echo hello')
      await install('-V', '--nodeps', 'greeter')
      for (const [script, count, said] of [
        ['POSTIN', '1', 'configure'],
        ['PREUN', '0', 'remove'],
        ['PREUN', '1', 'upgrade'],
      ] as const) {
        writeFileSync(log, '')
        const text = (
          await run(['rpm', '-qp', '--qf', `%{${script}}`, place.at('greeter-2.0-3.x86_64.rpm')])
        ).stdout.toString()
        writeFileSync(place.at('script'), text)
        await run(['sh', place.at('script'), count], { env: { PATH: process.env['PATH'] ?? '', GREETER_LOG: log } })
        expect(readFileSync(log, 'utf8')).toBe(`${said}\n`)
      }
    },
  )
})

describe('an rpm becomes a .deb', () => {
  test('back again: fields, flags and payload are what they were, but for what was reported', async () => {
    using place = scratch()
    await greeterRpm(place)
    mkdirSync(place.at('back'))
    const report = await convertPackage(place.at('greeter-2.0-3.x86_64.rpm'), {
      directory: place.at('back'),
      names: { glibc: 'libc6', 'perl-interpreter': 'perl', postfix: 'default-mta', smtpd: 'mail-transport-agent' },
      allowScripts: true,
    })
    expect(report).toMatchObject({ version: ['1:2.0-3', '1:2.0-3'], architecture: ['x86_64', 'amd64'], notes: [] })
    const { payload, file: back } = await readWhole(deb, report.path)
    const { record } = back
    const before = (await deb.readPackage(place.at('greeter.deb'))).record
    expect(record).toMatchObject({
      name: before.name,
      version: before.version,
      preDepends: before.preDepends,
      recommends: before.recommends,
      provides: before.provides,
      description: before.description,
    })
    expect(record.depends.flat().map(({ name }) => name)).toEqual([
      'bash',
      'default-mta',
      'mail-transport-agent',
      'perl',
    ])
    expect(back.control.get('conffiles')?.bytes.toString()).toBe('/etc/greeter.conf\n')
    expect(payload.find(({ path }) => path === 'usr/bin/hail')).toMatchObject({ mode: 0o4755, type: 'file' })
    expect(payload.find(({ path }) => path === 'usr/bin/greet')).toMatchObject({
      type: 'hardlink',
      target: 'usr/bin/hail',
    })
  })

  test.skipIf(!haveTools('rpmbuild', 'dpkg', 'dpkg-deb'))(
    `one that rpmbuild made: dpkg installs it and finds nothing amiss${skipReason('rpmbuild', 'dpkg', 'dpkg-deb')}`,
    async () => {
      using place = scratch()
      writeFileSync(
        place.at('Teller_x.spec'),
        `Name: Teller_x
Version: 1.0^git7
Release: 3
Summary: tells
License: MIT
Packager: Jane Roe <jane@acme.example>
Requires: bash >= 5, /usr/bin/env, (less or more), libfoo.so.1()(64bit)
Obsoletes: old_teller < 1
BuildArch: noarch
%description
It tells.

More.
%install
mkdir -p %{buildroot}/etc %{buildroot}/usr/bin
echo a=1 > %{buildroot}/etc/teller.conf
echo '#!/bin/sh' > %{buildroot}/usr/bin/tell
chmod 755 %{buildroot}/usr/bin/tell
%files
%config(noreplace) /etc/teller.conf
/usr/bin/tell
%ghost /var/lib/teller.db
%changelog
* Mon Jan  2 2023 Jane Roe <jane@acme.example> - 1.0^git7-3
- tells more
`,
      )
      await run(['rpmbuild', '-bb', '--quiet', '--define', `_topdir ${place.at('top')}`, place.at('Teller_x.spec')])
      const built = place.at('top/RPMS/noarch/Teller_x-1.0^git7-3.noarch.rpm')
      const report = await convertPackage(built, {
        directory: place.path,
        names: { '/usr/bin/env': 'coreutils', '/bin/sh': '' },
        allowScripts: false,
      })
      expect(report.version).toEqual(['1.0^git7-3', '1.0+git7-3'])
      expect(report.notes.map(({ part }) => part)).toEqual(['version', 'field', 'relation', 'payload'])
      const field = async (name: string) =>
        (await run(['dpkg-deb', '--field', report.path, name])).stdout.toString().trim()
      expect(await field('Package')).toBe('teller-x')
      expect(await field('Depends')).toBe('less | more, coreutils, bash (>= 5)')
      expect(await field('Conflicts')).toBe('old-teller (<< 1)')
      expect(await field('Description')).toBe('tells\n It tells.\n .\n More.')
      const root = place.at('root')
      for (const path of ['var/lib/dpkg/info', 'var/lib/dpkg/updates', 'etc', 'usr/bin'])
        mkdirSync(join(root, path), { recursive: true })
      writeFileSync(join(root, 'var/lib/dpkg/status'), '')
      await run(['dpkg', '--root', root, '--force-depends', '--force-script-chrootless', '--install', report.path])
      const verified = await run(['dpkg', '--root', root, '--verify', 'teller-x'])
      expect(verified.stdout.toString()).toBe('')
      expect(readFileSync(join(root, 'etc/teller.conf'), 'utf8')).toBe('a=1\n')
      const { changelog } = await inspectPackage(deb, report.path)
      expect(changelog).toMatchObject([
        { version: '1.0+git7-3', author: 'Jane Roe <jane@acme.example>', date: '2023-01-02T12:00:00.000Z' },
      ])
    },
  )
})

describe('libraries where the loader of the other side does not look', () => {
  const library = (path: string) => file(path, 'a library')

  test('of a .deb: the rpm has a file for ldconfig that names their directory', async () => {
    using scratchpad = scratch()
    const path = scratchpad.at('lib.deb')
    const payload = ['', 'usr', 'usr/lib', 'usr/lib/x86_64-linux-gnu'].map(directory)
    const content = {
      ...GREETER,
      control: new Map(),
      payload: [...payload, library('usr/lib/x86_64-linux-gnu/liba.so.1')],
    }
    await deb.writePackage(path, content)
    const report = await convertPackage(path, { directory: scratchpad.path, names: {}, allowScripts: false })
    const { payload: carried } = await readWhole(rpm, report.path)
    const added = carried.find((entry) => entry.path === 'etc/ld.so.conf.d/greeter-converted.conf')
    expect(Buffer.from(added?.bytes ?? '').toString()).toBe('/usr/lib/x86_64-linux-gnu\n')
    expect(report.notes.map(({ what }) => what)).toContainEqual(expect.stringContaining('ldconfig must run'))
    // What lies deeper is no library of the loader's, but a program's own.
    const plugin = {
      ...content,
      payload: [...payload, directory('usr/lib/x86_64-linux-gnu/x'), library('usr/lib/x86_64-linux-gnu/x/b.so')],
    }
    await deb.writePackage(path, plugin)
    const other = await convertPackage(path, { directory: scratchpad.path, names: {}, allowScripts: false })
    expect((await readWhole(rpm, other.path)).payload.map((entry) => entry.path)).not.toContainEqual(
      expect.stringContaining('ld.so.conf.d'),
    )
  })

  test('of an rpm: the .deb has one too, and sets off ldconfig', async () => {
    using scratchpad = scratch()
    const path = scratchpad.at('lib.rpm')
    const words = {
      NAME: 'lib',
      VERSION: '1',
      RELEASE: '1',
      ARCH: 'x86_64',
      SUMMARY: 's',
      DESCRIPTION: 'd',
      LICENSE: 'MIT',
    }
    const payload = [library('usr/lib64/liba.so.1')]
    await rpm.writePackage(path, { fields: Object.entries(words), control: new Map(), payload, epoch: 1_700_000_000 })
    const { path: made } = await convertPackage(path, { directory: scratchpad.path, names: {}, allowScripts: false })
    const { payload: carried } = await readWhole(deb, made)
    const added = carried.find((entry) => entry.path === 'etc/ld.so.conf.d/lib-converted.conf')
    expect(Buffer.from(added?.bytes ?? '').toString()).toBe('/usr/lib64\n')
    const { control } = await inspectPackage(deb, made)
    expect(Buffer.from(control.get('triggers')?.bytes ?? '').toString()).toBe('activate-noawait ldconfig\n')
  })
})
