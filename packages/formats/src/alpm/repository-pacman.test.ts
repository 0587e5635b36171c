import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compress } from '../archive/compress.ts'
import { gpgSigner, stopGpg } from '../testing/apt.ts'
import { buildRepository } from '../testing/contract-repository.ts'
import { SMALL_PAYLOAD } from '../testing/payloads.ts'
import { noSigner } from '../testing/signers.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { alpm } from './index.ts'
import { sampleFields, sampleSettings } from './testing.ts'
import { pacmanIn } from './testing-pacman.ts'

const TOOLS = ['pacman', 'gpg', 'gpgconf'] as const

type Directory = ReturnType<typeof scratch>

/** Packages `app`, which depends on `lib-api`, which `lib` provides; `app` replaces `old-app`. */
async function samples(directory: Directory): Promise<string[]> {
  const { '2': hello } = SMALL_PAYLOAD
  const all = [
    [
      'app',
      '1:2.0-1',
      [
        ['depend', 'lib-api>=2'],
        ['replaces', 'old-app'],
        ['conflict', 'old-app'],
        ['group', 'tools'],
      ],
    ],
    ['lib', '3.0-1', [['provides', 'lib-api=2.5']]],
    ['old-app', '1.0-1', []],
    ['docs', '1-1', []],
  ] as const
  const paths: string[] = []
  for (const [name, version, more] of all) {
    const fields = sampleFields(name, version, more).map(
      ([field, value]) => [field, field === 'arch' && name === 'docs' ? 'any' : value] as const,
    )
    const payload = [{ ...hello, path: `usr/share/${name}` }]
    const path = directory.at(`${name}.pkg`)
    await alpm.writePackage(path, { fields, control: new Map(), payload, epoch: 1_700_000_000 })
    paths.push(path)
  }
  return paths
}

function publish(base: string, files: ReadonlyMap<string, Buffer>): void {
  mkdirSync(base, { recursive: true })
  for (const [path, bytes] of files) writeFileSync(`${base}/${path}`, bytes)
}

test.skipIf(!haveTools(...TOOLS) || process.getuid?.() !== 0)(
  `pacman demands signatures on databases and packages, and installs from a repository of ours${skipReason(...TOOLS)}`,
  async () => {
    using directory = scratch()
    const home = directory.at('signer')
    const signer = await gpgSigner(home)
    const root = directory.at('root')
    try {
      const packages = await samples(directory)
      const built = await buildRepository(alpm, packages, {
        settings: sampleSettings,
        directory: directory.path,
        signer,
      })
      const base = directory.at('site/sample/os/x86_64')
      publish(base, built.files)
      const pacman = await pacmanIn(root, {
        config: [
          'SigLevel = Required DatabaseRequired TrustedOnly',
          '[sample]',
          `Server = file://${directory.at('site')}/$repo/os/$arch`,
        ],
        keyring: signer.keyring,
      })
      const good = async (...argv: string[]) => {
        const { code, stdout, stderr } = await pacman(argv)
        expect(code, `${argv.join(' ')}: ${stdout.toString()}${stderr}`).toBe(0)
        return stdout.toString()
      }
      await good('-Sy')
      expect(await good('-Sl')).toBe('sample app 1:2.0-1\nsample docs 1-1\nsample lib 3.0-1\nsample old-app 1.0-1\n')
      expect(await good('-Sg', 'tools')).toBe('tools app\n')
      await good('-S', 'app', 'docs')
      expect(await good('-Q')).toBe('app 1:2.0-1\ndocs 1-1\nlib 3.0-1\n')
      expect(await good('-Qi', 'app')).toContain('Validated By    : Signature')
      expect((await good('-Qkk')).match(/ 0 altered files/g)).toHaveLength(3)
      await good('-Fy')
      expect(await good('-Fl', 'app')).toBe('app usr/\napp usr/share/\napp usr/share/app\n')
      expect(await good('-F', '/usr/share/lib')).toBe('usr/share/lib is owned by sample/lib 3.0-1\n')
      const installed = (await good('-Q')).trimEnd().split('\n')
      expect(alpm.readInstalled(root).map(({ name, version }) => `${name} ${version}`)).toEqual(installed)
      expect(alpm.readInstalled(root).map(({ architecture }) => architecture)).toEqual(['x86_64', 'any', 'x86_64'])

      // A database that its signature does not cover is refused, and so is one without a signature.
      const next = await buildRepository(alpm, packages.slice(0, 1), {
        settings: sampleSettings,
        directory: directory.path,
        signer,
      })
      const newer = next.tops.get('sample.db') ?? Buffer.alloc(0)
      writeFileSync(`${base}/sample.db`, newer)
      const refused = await pacman(['-Syy'])
      expect(refused.code).toBe(1)
      expect(refused.stderr).toMatch(/sample: signature from .* is invalid/)
      publish(base, next.files)
      await good('-Syy')
      expect(await good('-Sl')).toBe('sample app 1:2.0-1 [installed]\n')
      // A package that is not the one listed is refused.
      const path = `${base}/app-1:2.0-1-x86_64.pkg.tar.zst`
      const damaged = readFileSync(path)
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
      writeFileSync(path, damaged)
      rmSync(`${root}/var/cache`, { recursive: true })
      mkdirSync(`${root}/var/cache`)
      const { code, stderr } = await pacman(['-S', 'app'])
      expect(code).toBe(1)
      expect(stderr).toMatch(/app: signature from .* is invalid/)
    } finally {
      await stopGpg(home)
      await stopGpg(`${root}/etc/gnupg`)
    }
  },
  30_000,
)

test.skipIf(!haveTools('pacman'))(
  `pacman reads a database of several compressed members${skipReason('pacman')}`,
  async () => {
    using directory = scratch()
    const built = await buildRepository(alpm, await samples(directory), {
      settings: sampleSettings,
      directory: directory.path,
    })

    const base = directory.at('site')
    const pacman = await pacmanIn(directory.at('root'), {
      config: ['SigLevel = Never', '[sample]', `Server = file://${base}`],
    })
    for (const compression of ['gz', 'zst', 'xz'] as const) {
      const pieces = [...built.entries.map(({ parts }) => parts['db'] ?? Buffer.alloc(0)), Buffer.alloc(1024)]
      const packed = await Promise.all(pieces.map((bytes) => compress(bytes, { compression, level: 6 })))
      publish(base, new Map([...built.files, ['sample.db', Buffer.concat(packed)]]))
      expect((await pacman(['-Syy'])).code).toBe(0)
      expect((await pacman(['-Sl'])).stdout.toString().trimEnd().split('\n'), compression).toHaveLength(4)
    }
  },
)

test('a repository is of one architecture, with a name that pacman.conf can hold', async () => {
  const { repository } = alpm
  const two = { ...sampleSettings, architectures: ['x86_64', 'any', 'aarch64'] }
  const unwritable = expect.objectContaining({ code: 'REPOSITORY_UNWRITABLE' })
  expect(() => repository.indexes(two)).toThrow(unwritable)
  for (const { architectures } of repository.indexes(sampleSettings)) expect(architectures).toEqual(['x86_64', 'any'])
  for (const suite of ['local', 'a/b', '', '-x'])
    await expect(repository.tops({ ...sampleSettings, suite }, [], noSigner)).rejects.toThrow(unwritable)
})
