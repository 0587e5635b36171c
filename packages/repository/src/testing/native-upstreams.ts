import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { formats } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { createKeyring } from '@holotype/trust'
import { ingest } from '../own/ingest.ts'
import { publish } from '../own/publish.ts'
import type { UrlUpstream } from '../types.ts'
import type { Gpg } from './gpg.ts'
import { THEN, writeDeb } from './upstream.ts'

/** A repository as a distribution's own tools make and sign it: `hello`, which needs a part of `hello-data`. */
export interface NativeUpstream {
  readonly title: string
  readonly format: UrlUpstream['format']
  /** Programs it is made with. */
  readonly tools: readonly string[]
  readonly architecture: string
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** Where the top lies, and its detached signature. */
  readonly top: string
  readonly signature?: string
  /** Makes it anew, of packages of this version. */
  make(place: NativePlace): Promise<void>
}

export interface NativePlace {
  /** The directory that is served. */
  readonly base: string
  /** A directory for what is built once. */
  readonly built: string
  readonly version: string
  readonly gpg: Gpg
}

const ENV = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', HOME: '/nonexistent' }

async function writeTo(path: string, argv: readonly [string, ...string[]], cwd: string): Promise<void> {
  const { stdout } = await run(argv, { cwd, env: ENV })
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, stdout)
}

function empty(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
}

async function debs({ built, version }: NativePlace): Promise<string[]> {
  return [
    await writeDeb(built, { name: 'hello', version, depends: 'hello-data' }),
    await writeDeb(built, { name: 'hello-data', version, architecture: 'all' }),
  ]
}

/** apt-ftparchive(1): an index of what lies below a directory, then a Release file of the indexes. */
async function ftparchive(
  place: NativePlace,
  options: {
    readonly pool: string
    readonly index: string
    readonly top: string
    readonly separateAll?: boolean
    /** The top has no digests but SHA-512. */
    readonly sha512?: boolean
  },
) {
  const { base, gpg } = place
  empty(base)
  mkdirSync(join(base, options.pool), { recursive: true })
  const index = async (pool: string, path: string, files: readonly string[]) => {
    mkdirSync(join(base, pool), { recursive: true })
    for (const file of files) copyFileSync(file, join(base, pool, basename(file)))
    await writeTo(join(base, path), ['apt-ftparchive', 'packages', pool], base)
  }
  const files = await debs(place)
  const forAll = options.separateAll ? files.filter((file) => basename(file).includes('_all_')) : []
  await index(
    options.pool,
    options.index,
    files.filter((file) => !forAll.includes(file)),
  )
  if (forAll.length > 0) await index('pool-all', options.index.replace('binary-amd64', 'binary-all'), forAll)
  const set = (name: string, value: string) => ['-o', `APT::FTPArchive::Release::${name}=${value}`]
  const words = [
    ...set('Suite', 'stable'),
    ...set('Codename', 'stable'),
    ...set('Architectures', options.separateAll ? 'amd64 all' : 'amd64'),
    ...set('Components', 'main'),
    ...(options.sha512 ? ['MD5', 'SHA1', 'SHA256'].flatMap((digest) => set(digest, 'false')) : []),
  ]
  const directory = dirname(options.top)
  const release = join(place.built, 'Release')
  await writeTo(release, ['apt-ftparchive', ...words, 'release', directory], base)
  const top = join(base, options.top)
  if (options.top.endsWith('InRelease')) return gpg.gpg('--yes', '--clear-sign', '--output', top, release)
  copyFileSync(release, top)
  return gpg.gpg('--yes', '--armor', '--detach-sign', '--output', `${top}.gpg`, top)
}

async function rpms({ built, version }: NativePlace): Promise<string[]> {
  const top = join(built, `rpm-${version}`)
  const done = join(top, 'RPMS/x86_64')
  const spec = join(top, 'hello.spec')
  mkdirSync(top, { recursive: true })
  writeFileSync(
    spec,
    `Name: hello
Version: ${version}
Release: 1
Summary: a test
License: MIT
Requires: /usr/share/hello/data
%description
a test
%package data
Summary: its data
%description data
its data
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/hello
echo hello > %{buildroot}/usr/bin/hello
echo data > %{buildroot}/usr/share/hello/data
%files
/usr/bin/hello
%files data
/usr/share/hello/data
`,
  )
  await run(['rpmbuild', '-bb', '--quiet', '--target', 'x86_64', '--define', `_topdir ${top}`, spec], {
    env: { ...ENV, HOME: top },
  })
  return readdirSync(done).map((name) => join(done, name))
}

async function alpmPackages({ built, version }: NativePlace): Promise<string[]> {
  const paths: string[] = []
  mkdirSync(built, { recursive: true })
  for (const [name, depend] of [['hello', 'hello-data'], ['hello-data']] as const) {
    const path = join(built, `${name}-${version}-1-x86_64.pkg.tar.zst`)
    const fields = [
      ['pkgname', name],
      ['pkgbase', 'hello'],
      ['pkgver', `${version}-1`],
      ['pkgdesc', 'a test'],
      ['builddate', String(THEN)],
      ['packager', 'Test <test@example.org>'],
      ['size', '5'],
      ['arch', 'x86_64'],
      ...(depend === undefined ? [] : [['depend', depend] as const]),
    ] as const
    const bytes = Buffer.from(name)
    const entry = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: THEN, size: bytes.length, bytes } as const
    await formats.alpm.writePackage(path, {
      fields,
      control: new Map(),
      payload: [{ path: `usr/share/${name}`, ...entry }],
      epoch: THEN,
    })
    paths.push(path)
  }
  return paths
}

async function xbpsPackages({ built, version }: NativePlace): Promise<string[]> {
  const paths: string[] = []
  mkdirSync(built, { recursive: true })
  for (const [name, depend] of [['hello', 'hello-data>=0'], ['hello-data']] as const) {
    const path = join(built, `${name}-${version}_1.x86_64.xbps`)
    const bytes = Buffer.from(name)
    const entry = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: THEN, size: bytes.length, bytes } as const
    await formats.xbps.writePackage(path, {
      fields: [
        ['pkgver', `${name}-${version}_1`],
        ['architecture', 'x86_64'],
        ['short_desc', 'a test'],
        ['maintainer', 'Test <test@example.org>'],
        ['license', 'MIT'],
        ...(depend === undefined ? [] : [['run_depends', depend] as const]),
      ],
      control: new Map(),
      payload: [{ path: `usr/share/${name}`, ...entry }],
      epoch: THEN,
    })
    paths.push(path)
  }
  return paths
}

export const nativeUpstreams: readonly NativeUpstream[] = [
  {
    title: 'deb, by apt-ftparchive',
    format: 'deb',
    tools: ['apt-ftparchive', 'gpg', 'gpgconf'],
    architecture: 'amd64',
    suites: ['stable'],
    components: ['main'],
    top: 'dists/stable/InRelease',
    make: (place) =>
      ftparchive(place, {
        pool: 'pool',
        index: 'dists/stable/main/binary-amd64/Packages',
        top: 'dists/stable/InRelease',
      }),
  },
  {
    title: 'deb, signed beside its top, with an index for all architectures, by apt-ftparchive',
    format: 'deb',
    tools: ['apt-ftparchive', 'gpg', 'gpgconf'],
    architecture: 'amd64',
    suites: ['stable'],
    components: ['main'],
    top: 'dists/stable/Release',
    signature: 'dists/stable/Release.gpg',
    make: (place) =>
      ftparchive(place, {
        pool: 'pool',
        index: 'dists/stable/main/binary-amd64/Packages',
        top: 'dists/stable/Release',
        separateAll: true,
      }),
  },
  {
    title: 'deb, its indexes named by SHA-512 alone, by apt-ftparchive',
    format: 'deb',
    tools: ['apt-ftparchive', 'gpg', 'gpgconf'],
    architecture: 'amd64',
    suites: ['stable'],
    components: ['main'],
    top: 'dists/stable/InRelease',
    make: (place) =>
      ftparchive(place, {
        pool: 'pool',
        index: 'dists/stable/main/binary-amd64/Packages',
        top: 'dists/stable/InRelease',
        sha512: true,
      }),
  },
  {
    title: 'deb, flat, by apt-ftparchive',
    format: 'deb',
    tools: ['apt-ftparchive', 'gpg', 'gpgconf'],
    architecture: 'amd64',
    suites: ['./'],
    components: ['main'],
    top: 'InRelease',
    make: (place) => ftparchive(place, { pool: '.', index: 'Packages', top: 'InRelease' }),
  },
  {
    title: 'deb, by reprepro',
    format: 'deb',
    tools: ['reprepro', 'gpg', 'gpgconf'],
    architecture: 'amd64',
    suites: ['stable'],
    components: ['main'],
    top: 'dists/stable/InRelease',
    async make(place) {
      empty(place.base)
      mkdirSync(join(place.base, 'conf'))
      writeFileSync(
        join(place.base, 'conf/distributions'),
        'Origin: Test\nSuite: stable\nCodename: stable\nArchitectures: amd64\nComponents: main\nDescription: a test\nSignWith: yes\n',
      )
      const options = ['--section', 'misc', '--priority', 'optional', '--ignore=wrongdistribution']
      const files = await debs(place)
      await run(['reprepro', '--basedir', place.base, ...options, 'includedeb', 'stable', ...files], {
        env: place.gpg.env,
      })
    },
  },
  {
    title: 'alpm, by repo-add',
    format: 'alpm',
    tools: ['repo-add', 'bsdtar', 'vercmp', 'gpg', 'gpgconf'],
    architecture: 'x86_64',
    suites: ['extra'],
    components: [''],
    top: 'extra.db',
    signature: 'extra.db.sig',
    async make(place) {
      empty(place.base)
      const names: string[] = []
      for (const file of await alpmPackages(place)) {
        names.push(basename(file))
        copyFileSync(file, join(place.base, basename(file)))
      }
      await run(['repo-add', '--quiet', '--sign', 'extra.db.tar.gz', ...names], { cwd: place.base, env: place.gpg.env })
    },
  },
  {
    title: 'rpm, by createrepo_c',
    format: 'rpm',
    tools: ['createrepo_c', 'rpmbuild', 'gpg', 'gpgconf'],
    architecture: 'x86_64',
    suites: [''],
    components: [''],
    top: 'repodata/repomd.xml',
    signature: 'repodata/repomd.xml.asc',
    async make(place) {
      empty(place.base)
      for (const file of await rpms(place)) copyFileSync(file, join(place.base, basename(file)))
      await run(['createrepo_c', '--quiet', place.base], { env: ENV })
      await place.gpg.gpg('--armor', '--detach-sign', join(place.base, 'repodata/repomd.xml'))
    },
  },
  {
    title: 'rpm, its indexes named by SHA-512 alone, by createrepo_c',
    format: 'rpm',
    tools: ['createrepo_c', 'rpmbuild', 'gpg', 'gpgconf'],
    architecture: 'x86_64',
    suites: [''],
    components: [''],
    top: 'repodata/repomd.xml',
    signature: 'repodata/repomd.xml.asc',
    async make(place) {
      empty(place.base)
      for (const file of await rpms(place)) copyFileSync(file, join(place.base, basename(file)))
      await run(['createrepo_c', '--quiet', '--repomd-checksum=sha512', place.base], { env: ENV })
      await place.gpg.gpg('--armor', '--detach-sign', join(place.base, 'repodata/repomd.xml'))
    },
  },
  {
    // No tool of xbps is to be had here: our own publisher makes it, gpg signs it.
    title: 'xbps, by our own publisher',
    format: 'xbps',
    tools: ['gpg', 'gpgconf'],
    architecture: 'x86_64',
    suites: [''],
    components: [''],
    top: 'x86_64-repodata',
    signature: 'x86_64-repodata.sig',
    async make(place) {
      empty(place.base)
      const directory = join(place.built, `xbps-${place.version}`)
      const keyring = await createKeyring(join(directory, 'keys'))
      const signer = keyring.repositorySigner()
      const repository = { store: openStore(directory), name: 'void', format: formats.xbps, component: '', signer }
      for (const file of await xbpsPackages(place)) await ingest(repository, file)
      await publish(repository, place.base, {
        origin: 'Test',
        label: 'Test',
        suite: '',
        codename: '',
        description: 'a test',
        architectures: ['x86_64'],
        date: THEN,
      })
      const [top, signature] = [join(place.base, 'x86_64-repodata'), join(place.base, 'x86_64-repodata.sig')]
      rmSync(signature)
      await place.gpg.gpg('--detach-sign', '--output', signature, top)
    },
  },
]
