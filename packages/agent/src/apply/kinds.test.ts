import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acl, EVERY_KIND, everyKind, harmEveryKind } from '../testing/every-kind.ts'
import { judge } from '../testing/interrupted.ts'
import { describeImage, describeRoot } from '../testing/tree-text.ts'
import { entryOf, isRoot, makeWorld, type Sketch, type World } from '../testing/world.ts'

const missing = ['getfattr', 'setfattr', 'getfacl', 'getcap', 'lsattr', 'chattr'].filter((program) => {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return false
  } catch {
    return true
  }
})
const lacking = isRoot ? missing.join(', ') : 'root'
const reason = lacking === '' ? '' : ` (skipped, because there is no ${lacking})`

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

/** What is excluded, and the times of the directories that it lies in. */
const NOT_OURS = /^\.\/(etc|keep|etc\/machine-id) |^\.\/keep\//

const at = (path: string) => join(world.root, path)
const told = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: world.root }).toString()

describe.skipIf(reason !== '')(`every kind of file${reason}`, () => {
  test('comes from one image to the next and back, as find, getfacl, getcap and getfattr see it', {
    timeout: 60_000,
  }, async () => {
    const images = [
      await world.image(everyKind(world.store, 0), EVERY_KIND),
      await world.image(everyKind(world.store, 1), EVERY_KIND),
    ] as const
    await world.enrol()
    const seen: string[][] = []
    for (const [number, round] of ([0, 1, 0, 1] as const).entries()) {
      const target = images[round]
      await world.publish(number + 1, target)
      const outcome = await world.run()
      expect(outcome.error).toBeUndefined()
      // Coming from an image as it should be, nothing is called drift.
      expect(outcome.report?.repaired).toEqual([])
      const ours = (line: string) => !/^\/(etc|keep|etc\/machine-id) /.test(line)
      expect(describeRoot(world.root).filter(ours)).toEqual(describeImage(world.store, target.image).filter(ours))
      expect((await world.run({ verify: true })).report).toBeUndefined()
      seen.push(judge(world.root, NOT_OURS))
    }
    // The way there makes no difference.
    expect(seen[2]).toEqual(seen[0])
    expect(seen[3]).toEqual(seen[1])

    expect(told('find', '.', '-samefile', 'usr/bin/perl').split('\n').sort().slice(1)).toEqual([
      './usr/bin/perl',
      './usr/bin/perl5',
      './usr/libexec/perl',
    ])
    expect(told('find', '.', '-type', 'f', '-links', '+1')).toBe(told('find', '.', '-samefile', 'usr/bin/perl'))
    expect(told('getcap', 'usr/bin/ping', 'usr/bin/web')).toBe(
      'usr/bin/ping cap_net_raw=ep\nusr/bin/web cap_net_bind_service=ep\n',
    )
    expect(told('getfacl', '--numeric', '--omit-header', 'etc/acl')).toContain('user:33:rwx')
    expect(told('getfacl', '--numeric', '--omit-header', 'srv/acl')).toContain('default:user:33:rwx')
    // What came later into a directory with a default ACL has none: the image says so.
    expect(told('getfacl', '--skip-base', '-R', 'srv/acl/below', 'srv/acl/new1', 'srv/acl/file')).toBe('')
    expect(told('stat', '-c', '%t:%T %F', 'var/null', 'var/disk')).toBe(
      '1:3 character special file\n103:f4241 block special file\n',
    )
    const { size, blocks } = statSync(at('usr/share/zeros'))
    expect(size).toBe(700_000)
    expect(blocks * 512).toBeLessThan(140_000)
    expect(readFileSync(at('usr/share/zeros')).subarray(690_000, 690_012).toString()).toBe('the end of 1')
  })

  test('is mended after all that can be done to it', async () => {
    const target = await world.image(everyKind(world.store, 1), EVERY_KIND)
    await world.publish(1, target)
    await world.enrol()
    await world.run()
    const right = judge(world.root, NOT_OURS)
    rmSync(at('etc/machine-id'))
    harmEveryKind(world.root)
    rmSync(at('usr/libexec/perl'))
    copyFileSync(at('usr/bin/perl'), at('usr/libexec/perl'))
    execFileSync('setfacl', ['-m', 'u:7:rwx', at('etc/conf')])
    execFileSync('setfacl', ['-m', 'd:u:7:rwx', at('old')])
    execFileSync('setfattr', ['-n', 'trusted.x', '-v', '1', '-h', at('usr/lib')])
    const outcome = await world.run({ verify: true })
    expect(outcome.error).toBeUndefined()
    expect(outcome.report?.repaired).toEqual(
      expect.arrayContaining([
        '/etc/conf',
        '/old',
        '/usr/lib',
        '/usr/bin/perl5',
        '/var/fifo',
        '/var/mode',
        '/more/\ufffdA',
      ]),
    )
    expect(judge(world.root, NOT_OURS)).toEqual(right)
  })

  test('a fifo and a device that somebody writes to stay whose they are', async () => {
    const special = { uid: 0, gid: 0, mtime: 1_600_000_000, mode: 0o600 } as const
    const sketch: Sketch = {
      'run/fifo': { ...special, type: 'fifo' },
      'dev/ttyS9': { ...special, type: 'character', major: 4, minor: 73 },
      'dev/disk': { ...special, type: 'block', major: 259, minor: 9 },
    }
    await world.publish(1, await world.image(sketch))
    await world.enrol()
    await world.run()
    const paths = Object.keys(sketch).map(at)
    const inodes = () => paths.map((path) => statSync(path).ino)
    const before = inodes()
    const fifo = openSync(at('run/fifo'), constants.O_RDWR)
    try {
      writeSync(fifo, 'line')
      // What a terminal's driver does at every write.
      for (const path of paths.slice(1)) utimesSync(path, 1_700_000_000, 1_700_000_000)
      expect(statSync(at('run/fifo')).mtimeMs).toBeGreaterThan(special.mtime * 1000)
      const { outcome, report } = await world.run({ verify: true })
      expect([outcome, report]).toEqual(['converged', undefined])
      expect(inodes()).toEqual(before)
    } finally {
      closeSync(fifo)
    }
  })

  test.each([
    ['the state directory is on another file system', false],
    ['the state directory inherits one', true],
  ])('nothing takes a default ACL along from where it was made ready: %s', async (_, inherits) => {
    const owned = { uid: 0, gid: 0, mtime: 1_600_000_000 }
    const shared = { ...owned, type: 'directory', mode: 0o775 } as const
    const image = (round: string) =>
      world.image({
        srv: { ...shared, xattrs: { 'system.posix_acl_default': acl(33, 7) } },
        'srv/file': `${round}, once`,
        'srv/sub': { ...shared, mode: round === 'one' ? 0o700 : 0o770 },
        [`srv/${round}/deep`]: round,
        [`srv/fifo-${round}`]: { ...owned, type: 'fifo', mode: 0o660 },
        'srv/noted': {
          ...entryOf(world.store, round),
          xattrs: { 'user.round': Buffer.from(round).toString('base64') },
        },
      })
    const umount = inherits ? () => {} : mountTmpfs(world.state)
    try {
      if (inherits) execFileSync('setfacl', ['-m', 'd:u:1000:rwx', world.directory])
      await world.enrol()
      for (const [number, round] of ['one', 'two'].entries()) {
        const target = await image(round)
        await world.publish(number + 1, target)
        expect((await world.run()).error).toBeUndefined()
        expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
        expect(told('getfacl', '--skip-base', '-R', 'srv').match(/# file: .*/g)).toEqual(['# file: srv'])
        expect((await world.run({ verify: true })).report).toBeUndefined()
        // What an earlier version took along is mended for good.
        execFileSync('setfacl', ['-m', 'u:1000:rwx,d:u:1000:rwx', at('srv/sub')])
        execFileSync('setfacl', ['-m', 'u:1000:rwx', at('srv/file')])
        expect((await world.run({ verify: true })).report?.repaired).toEqual(['/srv/file', '/srv/sub'])
        expect(told('getfacl', '--skip-base', '-R', 'srv').match(/# file: .*/g)).toEqual(['# file: srv'])
        expect(describeRoot(world.root)).toEqual(describeImage(world.store, target.image))
      }
    } finally {
      umount()
    }
  })

  test('a further name of a file, even where it is excluded, is no way to change it', async () => {
    const target = await world.image({ 'usr/bin/su': 'su', keep: null }, { exclusions: ['/keep/**'] })
    await world.publish(1, target)
    await world.enrol()
    await world.run()
    linkSync(at('usr/bin/su'), at('keep/su'))
    const outcome = await world.run({ verify: true })
    expect(outcome.report?.repaired).toEqual(['/usr/bin/su'])
    writeFileSync(at('keep/su'), 'changed by its other name')
    expect(readFileSync(at('usr/bin/su'), 'utf8')).toBe('su')
    expect((await world.run({ verify: true })).report).toBeUndefined()
  })

  test('what chattr made immutable is changed where the image says so, and told', async () => {
    const first = await world.image({
      'etc/a': '1',
      'etc/b': '1',
      'etc/log': '1',
      'srv/d/x': '1',
      'srv/gone': '1',
      'srv/same': '1',
    })
    const next = await world.image({ 'etc/a': '2', 'etc/b': '1', 'etc/log': '2', 'srv/d/x': '2', 'srv/same': '1' })
    await world.publish(1, first)
    await world.enrol()
    await world.run()
    writeFileSync(at('srv/d/more'), 'not of the image')
    execFileSync('chmod', ['600', at('etc/b')])
    const locked = ['etc/a', 'etc/b', 'srv/d', 'srv/gone', 'srv/same']
    execFileSync('chattr', ['+i', ...locked.map(at)])
    execFileSync('chattr', ['+a', at('etc/log')])
    try {
      await world.publish(2, next)
      const notes: string[] = []
      const outcome = await world.run({ progress: (event) => void (event.kind === 'note' && notes.push(event.text)) })
      expect(outcome.error).toBeUndefined()
      expect(describeRoot(world.root)).toEqual(describeImage(world.store, next.image))
      for (const path of ['/etc/a', '/etc/b', '/etc/log', '/srv/d/x', '/srv/gone'])
        expect(notes).toContain(`took the flag that forbids changes off ${path}`)
      // The image has no flags: one that is in nobody's way stays.
      expect(told('lsattr', '-d', 'srv/same')).toMatch(/^-*i/)
    } finally {
      execFileSync('chattr', ['-R', '-i', '-a', world.root])
    }
  })

  test('excluded names that are not UTF-8 are left alone, others are removed', async () => {
    const target = await world.image(
      { 'data/x': null, 'usr/y': '1' },
      { exclusions: ['/data/*/mine/**', '/data/*.db'] },
    )
    await world.publish(1, target)
    await world.enrol()
    await world.run()
    const raw = (path: string, end = '') =>
      Buffer.concat([Buffer.from(at(path)), Buffer.from([0xe9, 0xff]), Buffer.from(end)])
    mkdirSync(raw('data/', '/mine'), { recursive: true })
    writeFileSync(raw('data/', '/mine/x'), 'mine')
    writeFileSync(raw('data/', '/other'), 'not of the image')
    writeFileSync(raw('data/', '.db'), 'mine')
    mkdirSync(raw('usr/', '/deep'), { recursive: true })
    writeFileSync(raw('usr/', '/deep/x'), 'not of the image')
    expect((await world.run({ verify: true })).error).toBeUndefined()
    expect(readFileSync(raw('data/', '/mine/x'), 'utf8')).toBe('mine')
    expect(readFileSync(raw('data/', '.db'), 'utf8')).toBe('mine')
    expect(told('find', 'data', 'usr', '-name', 'other', '-o', '-name', 'deep')).toBe('')
    expect((await world.run({ verify: true })).report).toBeUndefined()
  })

  test('a program that runs goes on with the file that it has, and a bind mount of the same file system is left alone', async () => {
    const first = await world.image({ 'usr/bin/sleeper': readFileSync('/bin/sleep'), 'srv/a': '1', 'srv/data/b': '1' })
    await world.publish(1, first)
    await world.enrol()
    await world.run()
    execFileSync('chmod', ['755', at('usr/bin/sleeper')])
    const program = spawn(at('usr/bin/sleeper'), ['60'])
    const elsewhere = join(world.directory, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'mine'), 'mine')
    const mounts = execMount(elsewhere, at('srv/data'))
    try {
      await world.publish(2, await world.image({ 'usr/bin/sleeper': 'a new one', 'srv/a': '2' }))
      const outcome = await world.run()
      // A mount point cannot be removed: what is below it stays, and so does the way to it.
      expect(outcome.error).toBeUndefined()
      expect(readFileSync(at('usr/bin/sleeper'), 'utf8')).toBe('a new one')
      expect(program.exitCode).toBeNull()
      // Its old name is that of the staging folder or none; its bytes are the old ones.
      expect(readFileSync(`/proc/${program.pid}/exe`).equals(readFileSync('/bin/sleep'))).toBe(true)
      expect(readlinkSync(`/proc/${program.pid}/exe`)).toMatch(/\(deleted\)$/)
      expect(readFileSync(join(elsewhere, 'mine'), 'utf8')).toBe('mine')
    } finally {
      mounts()
      program.kill()
    }
  })
})

function mountTmpfs(at: string): () => void {
  mkdirSync(at, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'none', at])
  return () => execFileSync('umount', [at])
}

function execMount(from: string, to: string): () => void {
  execFileSync('mount', ['--bind', from, to])
  return () => execFileSync('umount', [to])
}
