import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { HolotypeError, run } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { PackageToWrite, PayloadEntry } from '../types.ts'
import { readPackage } from './package-read.ts'
import { withSignature } from './package-sign.ts'
import { writePackage } from './package-write.ts'

const SPEC = `Name: alpha
Version: 1.0~rc1
Release: 2
Epoch: 1
Summary: a sample
License: MIT
Group: Misc
BuildArch: noarch
Requires: bash >= 4
Requires(post): (foo if bar else baz)
Recommends: rec
Suggests: sug
Supplements: sup
Conflicts: con < 2
Obsoletes: obs <= 1
Provides: virt = 3
%description
Long text
here.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc %{buildroot}/usr/share
echo hello > %{buildroot}/usr/bin/a
chmod 755 %{buildroot}/usr/bin/a
ln %{buildroot}/usr/bin/a %{buildroot}/usr/bin/b
ln -s a %{buildroot}/usr/bin/l
echo conf > %{buildroot}/etc/alpha.conf
touch %{buildroot}/etc/ghost
seq 1 200000 > %{buildroot}/usr/share/numbers
echo cap > %{buildroot}/usr/bin/c
%files
%attr(4755,root,daemon) /usr/bin/a
%attr(4755,root,daemon) /usr/bin/b
/usr/bin/l
%caps(cap_net_raw=ep) /usr/bin/c
%config(noreplace) /etc/alpha.conf
%ghost /etc/ghost
%doc /usr/share/numbers
%pre -p /bin/bash
echo pre
%posttrans -p <lua>
print("x")
%triggerin -- foo > 1, bar
echo trig
%filetriggerin -- /usr/lib /usr/lib64
cat
%changelog
* Mon Jan 02 2023 Jane Doe <jane@example.org> - 1:1.0-2
- two
* Sun Jan 01 2023 Jane Doe <jane@example.org> - 1:1.0-1
- one
`

async function built(directory: ReturnType<typeof scratch>, payload: string): Promise<string> {
  writeFileSync(directory.at('alpha.spec'), SPEC)
  const defines = [`_topdir ${directory.at('rpmbuild')}`, `_binary_payload ${payload}`, `_dbpath ${directory.at('db')}`]
  await run(['rpmbuild', '-bb', ...defines.flatMap((define) => ['--define', define]), directory.at('alpha.spec')], {
    maxOutputBytes: 1e7,
  })
  return directory.at('rpmbuild/RPMS/noarch/alpha-1.0~rc1-2.noarch.rpm')
}

/** Every member with the bytes of files. */
async function whole(path: string) {
  const payload: (PayloadEntry & { bytes?: Buffer })[] = []
  const file = await readPackage(path, async (entry, content) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    payload.push(entry.type === 'file' ? { ...entry, bytes: Buffer.concat(chunks) } : entry)
  })
  return { payload, file }
}

const query = async (directory: ReturnType<typeof scratch>, path: string, format: string) =>
  (
    await run(['rpm', '-qp', '--dbpath', directory.at('db'), '--qf', format, path], { maxOutputBytes: 1e7 })
  ).stdout.toString()

describe.skipIf(!haveTools('rpmbuild', 'rpm', 'rpm2cpio', 'bsdtar'))(
  `packages of rpmbuild${skipReason('rpmbuild', 'rpm', 'rpm2cpio', 'bsdtar')}`,
  () => {
    for (const how of ['w6.gzdio', 'w9.bzdio', 'w6.xzdio', 'w6.lzdio', 'w3.zstdio', 'w.ufdio'])
      test(`are read as rpm reads them: ${how}`, async () => {
        using directory = scratch()
        const path = await built(directory, how)
        const { payload, file } = await whole(path)
        const { record, fields, scripts, changelog } = file
        expect(await query(directory, path, '%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE} %{ARCH}')).toBe(
          `${record.name} ${record.version} ${record.architecture}`,
        )
        const listed = await query(
          directory,
          path,
          '[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEMTIMES} %{FILEFLAGS:fflags}\n]',
        )
        const flags = new Map(
          fields
            .filter(([name]) => name === 'FILEFLAGS')
            .map(([, value]) => [value.replace(/^\S+ /, ''), value.replace(/ .*/, '')]),
        )
        const ours = payload.map(({ path: at, type, mode, owner, group, mtime }) => {
          const bits = {
            file: 0o100000,
            hardlink: 0o100000,
            symlink: 0o120000,
            directory: 0o040000,
            character: 0,
            block: 0,
            fifo: 0,
          }[type]
          return `/${at} ${(bits | mode).toString(8).padStart(5, '0')} ${owner} ${group} ${mtime} ${flags.get(`/${at}`) ?? ''}`
        })
        const theirs = listed
          .trimEnd()
          .split('\n')
          .filter((line) => !line.startsWith('/etc/ghost '))
          .map((line) => line.replace(/ 0(?=[0-7]{5} )/, ' '))
        expect(ours.sort()).toEqual(
          theirs.map((line) => (/ \S+$/.test(line) && line.split(' ').length === 5 ? `${line} ` : line)).sort(),
        )
        const requires = await query(directory, path, '[%{REQUIRENEVRS}\n]')
        expect(fields.filter(([name]) => name.startsWith('REQUIRES')).map(([, value]) => value)).toEqual(
          requires.trimEnd().split('\n'),
        )
        expect(scripts.map(({ name, interpreter }) => `${name}: ${interpreter.join(' ')}`)).toEqual([
          'prein: /bin/bash',
          'posttrans: <lua>',
          'triggerin -- bar, foo > 1: /bin/sh',
          'filetriggerin -- /usr/lib, /usr/lib64: /bin/sh',
        ])
        expect(changelog.map(({ version, text }) => `${version} ${text}`)).toEqual(['1:1.0-2 - two', '1:1.0-1 - one'])
        const cpio = (await run(['rpm2cpio', path], { maxOutputBytes: 1e7 })).stdout
        for (const { path: at, bytes } of payload) {
          if (!bytes || at === 'usr/bin/a' || at === 'usr/bin/b') continue
          const { stdout } = await run(['bsdtar', '-xOf', '-', `./${at}`], { input: cpio, maxOutputBytes: 1e7 })
          expect(stdout.equals(bytes), at).toBe(true)
        }
        expect(payload.find(({ path: at }) => at === 'usr/bin/c')?.xattrs).toEqual({
          'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=',
        })
        expect(
          payload.filter(({ path: at }) => /bin\/[ab]$/.test(at)).map(({ type, target }) => [type, target]),
        ).toEqual([
          ['file', undefined],
          ['hardlink', 'usr/bin/b'],
        ])
      })
  },
)

const root = { mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 1_700_000_000, size: 0 }
const sample: PackageToWrite = {
  epoch: 1_700_000_000,
  control: new Map(),
  fields: [
    ['NAME', 'ours'],
    ['VERSION', '1.0~rc1'],
    ['RELEASE', '1'],
    ['EPOCH', '2'],
    ['SUMMARY', 'a sample'],
    ['LICENSE', 'MIT'],
    ['ARCH', 'noarch'],
    ['REQUIRES', '(a or b)'],
    ['Requires(post)', '/bin/sh'],
    ['POSTIN', 'true'],
    ['POSTINPROG', '/bin/sh'],
    ['FILEFLAGS', 'cn /etc/ours.conf'],
    ['FILEFLAGS', 'g /etc/ours.ghost'],
    ['CHANGELOGTIME', '1672660800'],
    ['CHANGELOGNAME', 'Jane <jane@example.org> - 2:1.0-1'],
    ['CHANGELOGTEXT', '- first'],
  ],
  payload: [
    { ...root, path: 'usr', type: 'directory' },
    { ...root, path: 'usr/hello', type: 'file', size: 5, bytes: Buffer.from('hello'), mode: 0o4755 },
    { ...root, path: 'usr/again', type: 'hardlink', target: 'usr/hello' },
    { ...root, path: 'usr/l', type: 'symlink', target: 'hello', mode: 0o777 },
    {
      ...root,
      path: 'usr/cap',
      type: 'file',
      size: 1,
      bytes: Buffer.from('x'),
      xattrs: { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=' },
    },
    { ...root, path: 'etc/ours.conf', type: 'file', size: 2, bytes: Buffer.from('c\n'), mode: 0o644 },
    { ...root, path: 'etc/ours.ghost', type: 'file', size: 0, mode: 0o644 },
  ],
}

describe.skipIf(!haveTools('rpm', 'gpg'))(`packages of ours${skipReason('rpm', 'gpg')}`, () => {
  for (const compression of ['zst', 'gz', 'xz', 'none'] as const)
    test(`are sound to rpm, which installs and verifies them: ${compression}`, async () => {
      using directory = scratch()
      const path = directory.at('ours.rpm')
      await writePackage(path, { ...sample, compression })
      const { stdout } = await run(['rpm', '-K', '-v', '--nosignature', '--dbpath', directory.at('db'), path])
      const lines = stdout.toString().trimEnd().split('\n').slice(1)
      expect(lines.length).toBeGreaterThanOrEqual(4)
      for (const line of lines) expect(line).toMatch(/: OK$/)
      mkdirSync(directory.at('root'))
      const inRoot = ['--root', directory.at('root'), '--dbpath', '/db', '--nodeps'] as const
      await run(['rpm', '-i', ...inRoot, '--noscripts', path])
      const verified = await run(['rpm', '-V', ...inRoot, 'ours'])
      expect(verified.stdout.toString()).toBe('')
      writeFileSync(directory.at('root/usr/hello'), 'other')
      expect((await run(['rpm', '-V', ...inRoot, 'ours'], { okCodes: [1] })).stdout.toString()).toContain('/usr/hello')
      expect(await query(directory, path, '%{BUILDTIME} %{BUILDHOST} [%{PROVIDENEVRS},]%{POSTIN}')).toBe(
        '1700000000 localhost ours = 2:1.0~rc1-1,true',
      )
    })

  test('are verified by rpm with the key that signed them, and not with another', async () => {
    using directory = scratch()
    mkdirSync(directory.at('gpg'), { mode: 0o700 })
    const env = { PATH: '/usr/bin:/bin', GNUPGHOME: directory.at('gpg') }
    const gpg = async (...options: string[]) =>
      (await run(['gpg', '--batch', '--pinentry-mode', 'loopback', '--passphrase', '', ...options], { env })).stdout
    try {
      await gpg('--quick-generate-key', 'test@example.org', 'rsa2048', 'sign', 'never')
      writeFileSync(directory.at('key'), await gpg('--armor', '--export', 'test@example.org'))
      await writePackage(directory.at('plain.rpm'), sample)
      const signer = {
        async signBinary(bytes: Uint8Array) {
          writeFileSync(directory.at('bytes'), bytes)
          return gpg('--detach-sign', '--output', '-', directory.at('bytes'))
        },
      }
      await withSignature(directory.at('plain.rpm'), directory.at('signed.rpm'), signer)
      const check = ['rpm', '-K', '-v', '--dbpath', directory.at('db'), directory.at('signed.rpm')] as const
      expect((await run(check, { okCodes: [1] })).stdout.toString()).toMatch(/RSA\/SHA\d+ Signature, key ID \w+: NOKEY/)
      await run(['rpm', '--dbpath', directory.at('db'), '--import', directory.at('key')])
      expect((await run(check)).stdout.toString()).toMatch(/RSA\/SHA\d+ Signature, key ID \w+: OK/)
      const { payload } = await whole(directory.at('signed.rpm'))
      expect(payload).toEqual((await whole(directory.at('plain.rpm'))).payload)
    } finally {
      await run(['gpgconf', '--kill', 'all'], { env })
    }
  })
})

test('the same input gives the same bytes, and what is read back is written again', async () => {
  using directory = scratch()
  await writePackage(directory.at('a'), sample)
  const { payload, file } = await whole(directory.at('a'))
  await writePackage(directory.at('b'), sample)
  expect(readFileSync(directory.at('a')).equals(readFileSync(directory.at('b')))).toBe(true)
  const ghost = sample.payload.filter(({ path }) => path === 'etc/ours.ghost')
  await writePackage(directory.at('c'), { ...sample, fields: file.fields, payload: [...payload, ...ghost] })
  expect(readFileSync(directory.at('c')).equals(readFileSync(directory.at('a')))).toBe(true)
})

const CLEAN = ['PACKAGE_MALFORMED', 'PACKAGE_TRUNCATED', 'PACKAGE_TOO_LARGE']

test('a package that is cut short or has a flipped byte behind its signature header is refused', async () => {
  using directory = scratch()
  await writePackage(directory.at('p'), sample)
  const bytes = readFileSync(directory.at('p'))
  const refused = async (damaged: Uint8Array) => {
    writeFileSync(directory.at('bad'), damaged)
    const error = await whole(directory.at('bad')).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    return error instanceof HolotypeError ? error.code : error
  }
  for (let length = 0; length < bytes.length; length += 40)
    expect(CLEAN, `cut after ${length}`).toContain(await refused(bytes.subarray(0, length)))
  const header = bytes.indexOf(Buffer.from([0x8e, 0xad, 0xe8, 1]), 100)
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, difference) => {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ difference
      const code = await refused(damaged)
      if (at >= header || code !== undefined) expect(CLEAN, `byte ${at}`).toContain(code)
    }),
    { numRuns: 150 },
  )
})
