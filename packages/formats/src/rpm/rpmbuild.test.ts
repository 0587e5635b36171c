import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { inspectPackage } from '../inspect.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { PackageToWrite } from '../types.ts'
import { readPackage } from './package-read.ts'
import { writePackage } from './package-write.ts'
import { repository } from './repository.ts'

/* What rpmbuild and createrepo_c say of a package, beside what we say of it. */

const SPEC = `%global debug_package %{nil}
%global __strip /bin/true
%global _build_id_links none
Name: tool
Version: 1.0
Release: 2
Epoch: 1
Summary: a tool & more
License: MIT
Group: Tools
URL: https://example.org/?a=1&b=2
Vendor: Example
Packager: Jo <jo@example.org>
Requires: bash >= 4
Requires(post): /bin/sh
Recommends: other
Suggests: another
Conflicts: old < 2:1
Obsoletes: older
Supplements: (a and b)
Enhances: c
ExclusiveArch: x86_64
AutoReqProv: no
%description
A tool
of two lines
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc/tool %{buildroot}/usr/lib64
cp /bin/true %{buildroot}/usr/bin/tool
ln -s tool %{buildroot}/usr/bin/link
echo a > %{buildroot}/etc/tool/conf
echo b > "%{buildroot}/usr/lib64/a b&c"
%post
true
%files
/usr/bin/*
%config(noreplace) /etc/tool/conf
%dir /etc/tool
"/usr/lib64/a b&c"
%ghost /usr/lib64/ghost
%changelog
* Wed Jan 31 2024 Jo <jo@example.org> - 1:1.0-2
- first
`

const TOOLS = ['rpmbuild', 'createrepo_c'] as const

describe.skipIf(!haveTools(...TOOLS))(`beside rpmbuild and createrepo_c${skipReason(...TOOLS)}`, () => {
  async function build(directory: ReturnType<typeof scratch>): Promise<string> {
    const spec = SPEC.replace('%post', 'touch %{buildroot}/usr/lib64/ghost\n%post')
    writeFileSync(directory.at('tool.spec'), spec)
    await run([
      'rpmbuild',
      '-bb',
      '--target',
      'x86_64',
      '--define',
      `_topdir ${directory.at('b')}`,
      directory.at('tool.spec'),
    ])
    return directory.at('b/RPMS/x86_64/tool-1.0-2.x86_64.rpm')
  }

  const query = async (directory: ReturnType<typeof scratch>, file: string, format: string) =>
    (await run(['rpm', '-qp', '--dbpath', directory.at('db'), '--qf', format, file])).stdout.toString()

  test('FILECOLORS and what a package provides of itself', { timeout: 60_000 }, async () => {
    using directory = scratch()
    const theirs = await build(directory)
    const payload: PackageToWrite['payload'][number][] = []
    await readPackage(theirs, async (entry, content) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of content) chunks.push(chunk)
      payload.push(entry.type === 'file' ? { ...entry, bytes: Buffer.concat(chunks) } : entry)
    })
    const fields = [
      ['NAME', 'tool'],
      ['EPOCH', '1'],
      ['VERSION', '1.0'],
      ['RELEASE', '2'],
      ['ARCH', 'x86_64'],
      ['SUMMARY', 'a tool'],
      ['LICENSE', 'MIT'],
    ] as const
    const ours = directory.at('ours.rpm')
    await writePackage(ours, { fields, control: new Map(), payload, epoch: 1_700_000_000 })
    const colors = String.raw`[%{FILENAMES} %{FILECOLORS}\n]`
    const [said, wanted] = [await query(directory, ours, colors), await query(directory, theirs, colors)]
    expect(wanted).toContain('/usr/bin/tool 2\n')
    // Ghosts have no bytes that could be written; all others are the same.
    expect(said).toBe(wanted.replace('/usr/lib64/ghost 0\n', ''))
    expect(await query(directory, ours, '%{SIZE}')).toBe(await query(directory, theirs, '%{SIZE}'))
    const provides = '[%{PROVIDES} %{PROVIDEFLAGS:depflags} %{PROVIDEVERSION}, ]'
    expect(await query(directory, ours, provides)).toBe('tool = 1:1.0-2, tool(x86-64) = 1:1.0-2, ')
  })

  test('our primary.xml, filelists.xml and other.xml line by line', { timeout: 60_000 }, async () => {
    using directory = scratch()
    const file = await build(directory)
    await run(['createrepo_c', '-q', '--no-database', dirname(file)])
    const inspected = await inspectPackage({ readPackage }, file)
    const { parts } = repository.renderEntry(inspected, 'tool-1.0-2.x86_64.rpm', new Map())
    const lines = (text: string) => new Set(text.split('\n').map((line) => line.trim()))
    for (const [name, [onlyTheirs, onlyOurs]] of Object.entries({
      primary: [
        [
          // createrepo_c takes the time of the file, which is another on each machine.
          /^<time file="\d+" build="(\d+)"\/>$/,
          // Bytes when installed with those of symbolic links' texts; bytes of the archive and the place of the header in the file, which
          // no client needs to install.
          /^<size package="\d+" installed="\d+" archive="\d+"\/>$/,
          /^<rpm:header-range start="\d+" end="\d+"\/>$/,
        ],
        [/^<time file="(\d+)" build="\1"\/>$/, /^<size package="\d+" installed="\d+" archive="0"\/>$/],
      ],
      filelists: [[], []],
      other: [[], []],
    } as const)) {
      const all = gunzipSync(readFileSync(globSync(`${dirname(file)}/repodata/*-${name}.xml.gz`)[0] ?? '')).toString()
      const theirs = lines(all.slice(all.indexOf('<package '), all.indexOf('</package>')))
      const ours = lines((parts[name] ?? Buffer.of()).toString().split('</package>')[0] ?? '')
      const left = [...theirs].filter((line) => !ours.has(line))
      const right = [...ours].filter((line) => !theirs.has(line))
      expect(
        left.filter((line) => !onlyTheirs.some((form) => form.test(line))),
        `${name}: what createrepo_c alone says`,
      ).toEqual([])
      expect(
        right.filter((line) => !onlyOurs.some((form) => form.test(line))),
        `${name}: what we alone say`,
      ).toEqual([])
      expect(left.length).toBeLessThanOrEqual(onlyTheirs.length)
    }
  })
})
