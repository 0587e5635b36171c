import { createHash } from 'node:crypto'
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { inspectPackage } from '../inspect.ts'
import type { WrittenIndex } from '../repository-writer.ts'
import { noSigner } from '../testing/signers.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { parseFileIndex } from './filelists.ts'
import { readInstalled } from './installed.ts'
import { parseIndex } from './primary.ts'
import { readPackage } from './package-read.ts'
import { repository } from './repository.ts'
import { upstream } from './upstream.ts'

const SPEC = `Name: hello
Epoch: 2
Version: 2.10
Release: 3
Summary: Hello & <world> "quoted"
License: MIT & more
BuildArch: noarch
Vendor: Example
Requires: bash >= 4, /bin/sh, (foo if bar else baz)
Requires(pre): coreutils
Conflicts: goodbye < 1:2
Obsoletes: hallo <= 1.0-1
Recommends: (r2 or r3)
Supplements: (bash and coreutils)
%description
Text
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/hello
echo x > %{buildroot}/usr/bin/hello
echo x > "%{buildroot}/usr/share/hello/a&b"
%files
/usr/bin/hello
/usr/share/hello
%ghost /var/log/hello.log
`
const PLACE = { suite: '', component: '', architecture: 'noarch' }
const SETTINGS = {
  origin: '',
  label: '',
  suite: '',
  codename: '',
  description: '',
  component: '',
  architectures: ['x86_64'],
  date: 1_700_000_000,
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function build(directory: ReturnType<typeof scratch>): Promise<string> {
  writeFileSync(
    directory.at('hello.spec'),
    SPEC.replace('%install\n', '%install\nmkdir -p %{buildroot}/var/log; touch %{buildroot}/var/log/hello.log\n'),
  )
  await run(['rpmbuild', '-bb', '--define', `_topdir ${directory.at('b')}`, directory.at('hello.spec')])
  return directory.at('b/RPMS/noarch/hello-2.10-3.noarch.rpm')
}

describe.skipIf(!haveTools('rpmbuild', 'createrepo_c', 'dnf'))(
  `rpm-md repositories${skipReason('rpmbuild', 'createrepo_c', 'dnf')}`,
  () => {
    test("createrepo_c's indexes say what the package says", { timeout: 60_000 }, async () => {
      using directory = scratch()
      const file = await build(directory)
      const base = dirname(file)
      await run(['createrepo_c', '-q', '--no-database', base])
      const head = upstream.parseTop(readFileSync(`${base}/repodata/repomd.xml`), PLACE)
      const [index] = upstream.indexes(head, PLACE)
      const bytes = readFileSync(`${base}/${index?.paths[0]}`)
      const open = gunzipSync(bytes)
      expect(index).toMatchObject({ size: bytes.length, sha256: sha256(bytes) })
      expect(index?.open).toEqual({ size: open.length, sha256: sha256(open) })
      const { record } = await readPackage(file)
      expect(parseIndex(open)).toEqual([{ ...record, filename: 'hello-2.10-3.noarch.rpm' }])
      const lists = gunzipSync(readFileSync(globSync(`${base}/repodata/*-filelists.xml.gz`)[0] ?? ''))
      expect([...parseFileIndex(lists, new Set(['/usr/share/hello/a&b', '/absent']))]).toEqual([
        ['/usr/share/hello/a&b', [record.sha256]],
      ])
    })

    test('dnf reads what we publish, rpm installs it and we read its database', { timeout: 60_000 }, async () => {
      using directory = scratch()
      const file = await build(directory)
      const inspected = await inspectPackage({ readPackage }, file)
      const base = directory.at('site')
      const path = repository.packagePath(inspected.record, '')
      const entry = repository.renderEntry(inspected, path, new Map())
      for (const each of [path, 'repodata/x']) mkdirSync(dirname(`${base}/${each}`), { recursive: true })
      copyFileSync(file, `${base}/${path}`)
      const written = repository.indexes(SETTINGS).map((index): WrittenIndex => {
        const open = Buffer.concat([index.opening(1, 0), entry.parts[index.part] ?? Buffer.of(), index.closing(1, 0)])
        if (index.name === 'primary') expect(parseIndex(open)).toEqual([entry.record])
        const bytes = gzipSync(open)
        const digest = sha256(bytes)
        writeFileSync(`${base}/${index.path?.('gz', digest)}`, bytes)
        const whole = { size: open.length, sha256: sha256(open) }
        return { name: index.name, compression: 'gz', size: bytes.length, sha256: digest, open: whole, file: '' }
      })
      for (const top of await repository.tops(SETTINGS, written, noSigner))
        if (Buffer.isBuffer(top.content)) writeFileSync(`${base}/${top.path}`, top.content)
      const asked = await run([
        'dnf',
        '-q',
        `--repofrompath=own,file://${base}`,
        '--repo',
        'own',
        '--installroot',
        directory.at('root'),
        '--releasever=1',
        `--setopt=cachedir=${directory.at('cache')}`,
        '--setopt=own.gpgcheck=0',
        'repoquery',
        '--qf',
        '%{evr} %{sourcerpm}',
        '--whatprovides',
        '/usr/bin/hello',
      ])
      expect(asked.stdout.toString()).toBe('2:2.10-3 hello-2.10-3.src.rpm\n')
      await run([
        'rpm',
        '--root',
        directory.at('root'),
        '--dbpath',
        '/var/lib/rpm',
        '-i',
        '--nodeps',
        '--justdb',
        `${base}/${path}`,
      ])
      expect(readInstalled(directory.at('root'))).toEqual([
        {
          name: 'hello',
          version: '2:2.10-3',
          architecture: 'noarch',
          source: 'hello',
          state: 'installed',
          origin: 'Example',
        },
      ])
    })
  },
)

test.each([
  ['<!DOCTYPE a [<!ENTITY b "c">]><metadata/>', 'a document type'],
  ['<metadata><package type="rpm"></metadata>', 'closes <package>'],
  ['<metadata><package type="rpm"><name>&b;</name></package></metadata>', 'a reference'],
  ['<metadata><package type="rpm"><location href="../x"/></package></metadata>', 'outside the repository'],
  ['<metadata>'.repeat(40), 'XML_DEPTH'],
])('%s is refused', (text, why) => {
  expect(() => parseIndex(Buffer.from(text))).toThrow(
    expect.objectContaining({ code: 'REPOSITORY_MALFORMED', message: expect.stringContaining(why) }),
  )
})
