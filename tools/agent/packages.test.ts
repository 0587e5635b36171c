import { createHash } from 'node:crypto'
import {
  copyFileSync,
  createReadStream,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf, run } from '../../packages/base/src/index.ts'
import { makeWorld, type World } from '../../packages/agent/src/testing/world.ts'
import { formatEnrolmentToken } from '../../packages/agent/src/token.ts'
import { formats, type FormatName } from '../../packages/formats/src/index.ts'
import { buildExecutable } from './executable.ts'
import { writePackages } from './packages.ts'
import { throwAwayRoot } from './throw-away-root.ts'

const EPOCH = 1_760_000_000
const OPERATOR = "Olga O'Neill <ops@example.org>"
const isRoot = process.getuid?.() === 0
const PACKAGING = join(import.meta.dirname, '../../packaging/agent')

let place: string
let executable: string
let paths: Partial<Record<FormatName, string>>

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'holotype-ship-'))
  executable = join(place, 'holotype-agent')
  await buildExecutable('x64', executable)
  // Uncompressed: compressing is another package's matter, and takes minutes.
  paths = await write({ directory: place, maintainer: OPERATOR })
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

function write(more: { readonly directory: string; readonly maintainer: string }) {
  return writePackages({ executable, target: 'x64', epoch: EPOCH, compression: 'none', ...more })
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

function pathOf(format: FormatName): string {
  const path = paths[format]
  if (path === undefined) throw new Error(`no package of ${format}`)
  return path
}

describe('the executable', () => {
  test('is the same, bit for bit, when it is built again', async () => {
    const again = join(place, 'again')
    mkdirSync(again)
    await buildExecutable('x64', join(again, 'holotype-agent'))
    expect(await digestOfFile(join(again, 'holotype-agent'))).toBe(await digestOfFile(executable))
  })

  test('needs nothing but the C library', async () => {
    const { stdout } = await run(['readelf', '--dynamic', executable])
    const needed = [...stdout.toString().matchAll(/NEEDED.*\[(.*)\]/g)].map((match) => match[1])
    const cLibrary = ['libc.so.6', 'ld-linux-x86-64.so.2', 'libpthread.so.0', 'libdl.so.2', 'libm.so.6']
    expect(needed.filter((name) => !cLibrary.includes(name ?? ''))).toEqual([])
    expect(needed).toContain('libc.so.6')
  })

  test('passes its self-test without any environment', async () => {
    const { stdout } = await run([
      'env',
      '--ignore-environment',
      'PATH=/usr/bin:/bin',
      executable,
      'self-test',
      '--state',
      place,
    ])
    expect(stdout.toString()).toContain('all parts of a run: works')
  })

  test('takes no settings from the directory it is started in', async () => {
    const folder = join(place, 'settings')
    mkdirSync(folder)
    writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["./evil.ts"]\n')
    writeFileSync(join(folder, 'evil.ts'), 'process.exit(77)\n')
    writeFileSync(join(folder, '.env'), 'BUN_OPTIONS=--preload=./evil.ts\n')
    const { stdout } = await run([executable, '--help'], { cwd: folder })
    expect(stdout.toString()).toContain('holotype-agent enrol')
  })
})

describe('packages', () => {
  test.each([
    'Olga',
    'ops@example.org',
    'Olga <ops>',
    ' <ops@example.org>',
    'Olga <ops@example.org>\nEssential: yes',
    'Olga, Ops <ops@example.org>',
  ])('are not made by %j, which is no name with an address', async (maintainer) => {
    await expect(write({ directory: join(place, 'never'), maintainer })).rejects.toThrow('a maintainer is')
  })

  test.each([
    ['deb', ['dpkg-deb', '--field', 'PATH', 'Maintainer']],
    ['alpm', ['bsdtar', '-xOf', 'PATH', '.PKGINFO']],
    ['rpm', ['rpm', '--query', '--package', '--queryformat', '%{PACKAGER}', 'PATH']],
    ['xbps', ['tar', '--extract', '--to-stdout', '--file=PATH', './props.plist']],
  ] as const)('of %s say who made them', async (format, [program, ...args]) => {
    const { stdout } = await run([program, ...args.map((argument) => argument.replace('PATH', pathOf(format)))])
    expect(stdout.toString().replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&apos;', "'")).toContain(
      OPERATOR,
    )
  })

  test('of xbps hold the executable, a service of runit and no unit', async () => {
    const seen = new Map<string, number>()
    const { record } = await formats.xbps.readPackage(pathOf('xbps'), async (entry, content) => {
      seen.set(entry.path, entry.mode)
      for await (const _ of content) continue
    })
    expect(record).toMatchObject({ name: 'holotype-agent', architecture: 'x86_64' })
    expect(seen.get('usr/bin/holotype-agent')).toBe(0o755)
    expect(seen.get('etc/sv/holotype-agent/run')).toBe(0o755)
    expect([...seen.keys()].filter((path) => path.includes('systemd'))).toEqual([])
  })

  const INSTALL = {
    deb: ['dpkg --install', 'dpkg --verify holotype-agent', 'dpkg --remove holotype-agent'],
    alpm: [
      'pacman --upgrade --noconfirm --nodeps --nodeps',
      'pacman -Qkk holotype-agent',
      'pacman --remove --noconfirm holotype-agent',
    ],
    rpm: ['rpm --install --nodeps', 'rpm --verify --nodeps holotype-agent', 'rpm --erase holotype-agent'],
  } as const

  describe.skipIf(!isRoot)('are installed (skipped without root: in a throw-away root)', () => {
    test.each(['deb', 'alpm', 'rpm'] as const)('%s by its package manager, and removed', async (format) => {
      using root = throwAwayRoot()
      const file = basename(pathOf(format))
      linkSync(pathOf(format), join(root.srv, file))
      const [install, verify, remove] = INSTALL[format]
      const text = await root.sh(`
        ${install} /srv/${file}
        ${verify}
        test -L /etc/systemd/system/timers.target.wants/holotype-agent.timer
        systemd-analyze verify --man=no /usr/lib/systemd/system/holotype-agent.service /usr/lib/systemd/system/holotype-agent-boot.service /usr/lib/systemd/system/holotype-agent.timer
        systemd-analyze security --offline=true --threshold=66 /usr/lib/systemd/system/holotype-agent.service >/dev/null
        systemd-tmpfiles --create /usr/lib/tmpfiles.d/holotype-agent.conf
        stat --format='state %a' /var/lib/holotype
        /usr/lib/holotype/run-agent self-test
        sh -n /usr/lib/holotype/repeat-agent
        ${remove}
        test ! -e /usr/bin/holotype-agent
        test ! -L /etc/systemd/system/timers.target.wants/holotype-agent.timer
        echo all done`)
      expect(text).toContain('all done')
      expect(text).toContain('state 700')
      expect(text).toContain('all parts of a run: works')
    })
  })
})

describe.skipIf(!isRoot)('the guide (skipped without root: in a throw-away root)', () => {
  test('leads from the package to a node that is at its image', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/guide/agent-install.md'), 'utf8')
    const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '').join('')
    using root = throwAwayRoot()
    await using world = await makeWorld()
    world.clock.now = Date.now()
    await world.publish(1, await world.image({ 'etc/motd': 'the image' }))
    linkSync(pathOf('deb'), join(root.srv, basename(pathOf('deb'))))
    const text = await root.sh(`cd /srv
      server=${world.server.url} site=${world.mirror.url} token=${tokenOf(world)}
      ${commands}
      cat /opt/holotype-try/etc/motd`)
    expect(text).toContain('zstd: works')
    expect(text).toMatch(/converged: [0-9a-f]{12}, \d+ written/)
    expect(text).toMatch(/\n0 of \d+ paths differ/)
    expect(text.endsWith('the image')).toBe(true)
  })
})

/** Good once, for this world. */
function tokenOf(world: World): string {
  return formatEnrolmentToken({
    secret: 'a-secret-that-is-good-once',
    version: 1,
    root: digestOf(readFileSync(join(world.site, 'trust/1.root.json'))),
  })
}

describe.skipIf(!isRoot)('an update of the agent by itself (skipped without root: in a throw-away root)', () => {
  test('keeps the executable that was; where the new one is broken, that one runs and brings a better one', {
    timeout: 900_000,
  }, async () => {
    using root = throwAwayRoot()
    await using world = await makeWorld()
    world.clock.now = Date.now()
    const bytes = readFileSync(executable)
    const mode = { uid: 0, gid: 0, mtime: EPOCH, type: 'file', mode: 0o755 } as const
    const image = (agent: Buffer, more: string) =>
      world.image({
        'usr/bin/holotype-agent': { ...mode, digest: world.store.put(agent), size: agent.length },
        'etc/which': more,
      })
    copyFileSync(executable, join(root.srv, 'first'))
    copyFileSync(join(PACKAGING, 'run-agent'), join(root.srv, 'run-agent'))
    await world.publish(1, await image(bytes, 'good'))
    const look =
      'echo; cat /opt/node/etc/which; echo; sha256sum </opt/node/usr/bin/holotype-agent; sha256sum </var/lib/holotype/previous-agent || true'
    const good = digestOf(bytes).slice('sha256:'.length)

    await root.sh(`
      mkdir -p /opt/node /usr/lib/holotype
      cp /srv/run-agent /usr/lib/holotype/
      ln -sf /opt/node/usr/bin/holotype-agent /usr/bin/holotype-agent
      /srv/first enrol --server ${world.server.url} --site ${world.mirror.url} --token ${tokenOf(world)} --root /opt/node
      /srv/first run --once`)
    const first = await root.sh(`/usr/lib/holotype/run-agent run --once --verify; ${look}`)
    expect(first).toContain(good)
    // What ran first was not the installed one: nothing is kept yet.
    expect(first).toContain('previous-agent: No such file')

    // It starts, and does not work: as an executable for another machine, or with half of its bytes.
    const broken = Buffer.from('#!/bin/sh\nexit 1\n')
    await world.publish(2, await image(broken, 'broken'))
    const second = await root.sh(`/usr/lib/holotype/run-agent run --once; ${look}`)
    expect(second).toMatch(new RegExp(`broken\\n.*${digestOf(broken).slice(7)}.*\\n${good}`))
    expect(second).not.toContain('in its place')

    const third = await root.sh(`/usr/lib/holotype/run-agent run --once; ${look}`)
    expect(third).toContain('does not pass its self-test: /var/lib/holotype/previous-agent runs in its place')
    expect(third).toContain('unchanged')

    await world.publish(3, await image(bytes, 'mended'))
    const fourth = await root.sh(`/usr/lib/holotype/run-agent run --once; ${look}`)
    expect(fourth).toContain('in its place')
    expect(fourth).toMatch(new RegExp(`mended\\n${good}.*\\n${good}`))
    expect(await root.sh('/usr/lib/holotype/run-agent run --once --verify')).not.toContain('in its place')
  })
})
