import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agentCommand } from '../testing/agent-command.ts'
import { isRoot, makeWorld } from '../testing/world.ts'
import { readXattrs } from './xattrs.ts'

/** cap_net_raw=ep as the kernel keeps it (struct vfs_cap_data, revision 2). */
const NET_RAW = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('base64')

function has(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function xattrsWork(): boolean {
  if (!isRoot || !has('setfattr') || !has('getfattr')) return false
  const directory = mkdtempSync(join(tmpdir(), 'holotype-xattr-'))
  try {
    writeFileSync(join(directory, 'f'), '')
    execFileSync('setfattr', ['-n', 'security.capability', '-v', `0s${NET_RAW}`, join(directory, 'f')], {
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const read = (path: string) =>
  execFileSync('getfattr', ['--absolute-names', '-d', '-m', '-', '-e', 'base64', path]).toString()

test.skipIf(!xattrsWork())(
  'capabilities are written, found changed, found added, and repaired (needs root and getfattr)',
  async () => {
    await using world = await makeWorld()
    const owned = { uid: 0, gid: 0, mtime: 1_600_000_000 }
    const digest = world.store.put(Buffer.from('ping'))
    const target = await world.image({
      'usr/bin/ping': {
        ...owned,
        type: 'file',
        mode: 0o755,
        digest,
        size: 4,
        xattrs: { 'security.capability': NET_RAW },
      },
      'usr/bin/plain': { ...owned, type: 'file', mode: 0o755, digest, size: 4 },
      srv: {
        ...owned,
        type: 'directory',
        mode: 0o750,
        xattrs: { 'user.note': Buffer.from('hello').toString('base64') },
      },
    })
    await world.publish(1, target)
    await world.enrol()
    expect((await world.run()).error).toBeUndefined()
    const [ping, plain, srv] = ['usr/bin/ping', 'usr/bin/plain', 'srv'].map((path) => join(world.root, path))
    if (!ping || !plain || !srv) throw new Error('unreachable')
    expect(read(ping)).toContain(`security.capability=0s${NET_RAW}`)
    expect(read(srv)).toContain('user.note=0saGVsbG8=')
    expect((await world.run({ verify: true })).report).toBeUndefined()

    execFileSync('setfattr', ['-x', 'security.capability', ping])
    execFileSync('setfattr', ['-n', 'security.capability', '-v', `0s${NET_RAW}`, plain])
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'other', srv])
    const repaired = await world.run({ verify: true })
    expect(repaired.error).toBeUndefined()
    expect(repaired.report?.repaired).toEqual(['/srv', '/usr/bin/ping', '/usr/bin/plain'])
    expect(read(ping)).toContain(`security.capability=0s${NET_RAW}`)
    expect(read(plain)).toBe('')
    expect(read(srv)).toContain('user.note=0saGVsbG8=')
    expect((await world.run({ verify: true })).report).toBeUndefined()
  },
)

test.skipIf(!xattrsWork())(
  'attributes are read of those paths that have some, whatever these are called (needs root and setfattr)',
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'holotype-xattr-'))
    const set = (path: string, name: string) => execFileSync('setfattr', ['-n', name, '-v', 'v', join(root, path)])
    const value = Buffer.from('v').toString('base64')
    try {
      const odd = 'a\nb "c\\d\x01 ü" -> '
      for (const name of ['plain', odd, 'spoofed', 'theirs', 'not asked for']) writeFileSync(join(root, name), name)
      // Read whole it would take a minute.
      writeFileSync(join(root, 'large'), '')
      truncateSync(join(root, 'large'), 1e11)
      mkdirSync(join(root, 'd'))
      symlinkSync('"quoted"', join(root, 'link'))
      for (const path of [odd, 'd', 'not asked for']) set(path, 'user.mark')
      set('spoofed', 'user.a\r\n-rw-r--r-- 0/0 1 2026-01-01 00:00 "./plain"\n  x: 1 user.b')
      set('theirs', 'trusted.overlay.opaque')
      const asked = ['/', '/plain', `/${odd}`, '/spoofed', '/theirs', '/large', '/d', '/link', '/gone']
      expect(await readXattrs(root, asked)).toEqual(
        new Map([
          [`/${odd}`, { 'user.mark': value }],
          ['/spoofed', { 'user.a\r\n-rw-r--r-- 0/0 1 2026-01-01 00:00 "./plain"\n  x: 1 user.b': value }],
          ['/d', { 'user.mark': value }],
        ]),
      )
    } finally {
      rmSync(root, { recursive: true })
    }
  },
)

/** Runs a program where setfattr is not installed: in a layer over /usr/bin that nobody else sees. */
const WITHOUT_SETFATTR = [
  ...['unshare', '--mount', 'sh', '-ec'],
  `mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work &&
    mount -t overlay -o lowerdir=/usr/bin,upperdir=/mnt/upper,workdir=/mnt/work none /usr/bin && rm /usr/bin/setfattr && exec "$@"`,
  'sh',
] as const

function canHide(): boolean {
  const [program, ...args] = WITHOUT_SETFATTR
  return xattrsWork() && spawnSync(program, [...args, 'sh', '-c', '! which setfattr']).status === 0
}

test.skipIf(!canHide())(
  'an attribute of a directory that cannot be taken away is told when all else is done (needs root, mounts and overlayfs)',
  { timeout: 60_000 },
  async () => {
    await using world = await makeWorld()
    world.clock.now = Date.now()
    const trigger = { name: 'restart', paths: ['/etc/**'], run: ['/bin/true'], when: 'after', timeout: 5 } as const
    const image = (text: string) => world.image({ 'etc/a': text, 'srv/www': null }, { triggers: [trigger] })
    await world.publish(1, await image('one'))
    await world.enrol()
    await world.run()
    execFileSync('setfattr', ['-n', 'user.x', '-v', '1', join(world.root, 'srv/www')])
    const next = await image('two')
    await world.publish(2, next)
    const [program, ...args] = [...WITHOUT_SETFATTR, ...agentCommand, 'run', '--state', world.state]
    const run = async () => {
      const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
      let words = ''
      child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
      return [await new Promise<number | null>((resolve) => child.on('close', resolve)), words]
    }
    for (const _ of [1, 2, 3]) {
      expect(await run()).toEqual([4, expect.stringMatching(/AGENT_XATTRS_LEFT[^]*\/srv\/www: [^]*setfattr/)])
      expect(readFileSync(join(world.root, 'etc/a'), 'utf8')).toBe('two')
      expect(world.server.checkins.at(-1)).toMatchObject({ image: next.image, flags: ['failed'] })
    }
    const [, report, ...others] = world.server.reports
    expect(others).toEqual([])
    expect(report).toMatchObject({ to: next.image, repaired: [], error: { code: 'AGENT_XATTRS_LEFT' } })
    expect(report?.triggers.map(({ name }) => name)).toEqual(['restart'])
    world.clock.now = Date.now()
    expect((await world.run()).report?.repaired).toEqual(['/srv/www'])
    expect(read(join(world.root, 'srv/www'))).toBe('')
  },
)
