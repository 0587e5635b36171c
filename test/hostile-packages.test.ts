import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Digest, SYSTEM_PATH, silent } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { compose, type Composed, resolveSpec } from '@holotype/image'
import type { Lock, LockedPackage } from '@holotype/solver'
import { openStore, type Store, walkTree } from '@holotype/store'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeControlGroup } from '../packages/sandbox/src/control-group.ts'
import { realLocks, storeWithPackages, unfitForComposing } from './testing/real-packages.ts'

/*
 * Packages that want to harm the machine that composes: each is refused or contained with an error that says why, the store keeps what it had, and
 * what lies beside it is as before.
 */

const limits = vi.hoisted(() => ({ timeout: 120_000, memory: 4 * 1024 ** 3, processes: 4096 }))
vi.mock('../packages/image/src/limits.ts', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  get CONFIGURE_TIMEOUT_MS() {
    return limits.timeout
  },
  get CONFIGURE_MEMORY_BYTES() {
    return limits.memory
  },
  get CONFIGURE_PROCESSES() {
    return limits.processes
  },
}))

const reason = unfitForComposing()
const MINUTES = 60_000
const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holotype-hostile-'))
const outside = join(base, 'outside')
afterAll(() => rmSync(base, { recursive: true, force: true }))

interface Member {
  readonly path: string
  /** The type flag of the header (POSIX.1-2017, pax, ustar): 0 file, 1 hard link, 2 symbolic link, 3 character device, 5 directory. */
  readonly flag: string
  readonly target?: string
  readonly bytes?: Buffer
}

/** A tar archive that says exactly this, sound or not. */
function tar(members: Iterable<Member>): Buffer {
  const blocks: Buffer[] = []
  for (const { path, flag, target = '', bytes = Buffer.alloc(0) } of members) {
    const header = Buffer.alloc(512)
    const fields = [
      [0, path],
      [100, flag === '5' || path.endsWith('inst') ? '0000755' : '0000644'],
      [108, '0000000'],
      [116, '0000000'],
      [124, bytes.length.toString(8).padStart(11, '0')],
      [136, '14533140400'],
      [148, '        '],
      [156, flag],
      [157, target],
      [257, 'ustar\u000000'],
      [329, '0000010'],
      [337, '0000001'],
    ] as const
    for (const [offset, text] of fields) header.write(text, offset, 'utf8')
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    blocks.push(header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512))
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

interface Made {
  readonly members?: readonly Member[]
  /** data.tar.zst itself. */
  readonly data?: Buffer
  readonly preinst?: string
}

/** A .deb of these members, by hand: no tool would make it. */
function put(store: Store, name: string, { members = [], data, preinst }: Made): LockedPackage {
  const control = [
    `Package: ${name}`,
    'Version: 1',
    'Architecture: all',
    'Maintainer: Jane Doe <jane@example.org>',
    'Description: a sample\n',
  ].join('\n')
  const script = preinst === undefined ? [] : [{ path: './preinst', flag: '0', bytes: Buffer.from(preinst) }]
  const controlTar = tar([{ path: './control', flag: '0', bytes: Buffer.from(control) }, ...script])
  const parts = [
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.gz', gzipSync(controlTar)],
    ['data.tar.zst', data ?? zstdCompressSync(tar([{ path: './', flag: '5' }, ...members]))],
  ] as const
  const ar = parts.map(([member, bytes]) =>
    Buffer.concat([
      Buffer.from(`${member.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}`),
      Buffer.from(`${String(bytes.length).padEnd(10)}\`\n`),
      bytes,
      Buffer.alloc(bytes.length % 2, '\n'),
    ]),
  )
  const bytes = Buffer.concat([Buffer.from('!<arch>\n'), ...ar])
  const sha256 = store.put(bytes).slice('sha256:'.length)
  const own = { name, version: '1', architecture: 'all', source: name, sourceVersion: '1' }
  return { ...own, size: bytes.length, sha256, from: 'test' }
}

const file = (path: string, text = 'x'): Member => ({ path, flag: '0', bytes: Buffer.from(text) })

function lockOf(packages: readonly LockedPackage[], architecture = 'amd64'): Lock {
  return {
    ...{ schema: 'holotype.lock/1', image: 'hostile', format: 'deb', architecture },
    ...{ snapshots: { test: `sha256:${'0'.repeat(64)}` }, packages: [...packages] },
  }
}

function composing(store: Store, lock: Lock): Promise<Composed> {
  const parsed = imageSchema.parse({ packages: lock.packages.map(({ name }) => name) })
  const spec = resolveSpec(store, { name: 'hostile', spec: parsed, directory: '/' })
  return compose({ store, lock, spec, progress: silent })
}

/** Every object that a store holds, and whether its bytes are what its name says. */
function objects({ directory }: Store): Map<string, boolean> {
  const root = join(directory, 'objects')
  return new Map(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name)
        const digest = createHash('sha256').update(readFileSync(path)).digest('hex')
        return [path, path.replaceAll('/', '').includes(digest.slice(2))]
      }),
  )
}

/** What lies beside the store, and the mounts of this machine. */
function surroundings(): string {
  const listed = execFileSync('find', [outside, '-printf', '%p %y %m %U %G %s %T@\n'], {
    env: { PATH: SYSTEM_PATH },
    encoding: 'utf8',
  })
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  return listed.split('\n').sort().join('\n') + (mounts.includes(base) ? 'a mount is left' : '')
}

/** Nothing is lost, nothing is spoiled, nothing is left half done, and nothing happened outside. */
async function unharmed(store: Store, act: () => Promise<unknown>): Promise<void> {
  const [before, around] = [objects(store), surroundings()]
  await act()
  const after = objects(store)
  expect([...before.keys()].filter((path) => !after.has(path))).toEqual([])
  expect([...after].filter(([, sound]) => !sound)).toEqual([])
  expect(readdirSync(join(store.directory, 'scratch'))).toEqual([])
  expect(surroundings()).toBe(around)
}

beforeAll(() => {
  mkdirSync(outside, { recursive: true })
  writeFileSync(join(outside, 'secret'), 'secret')
})

describe.skipIf(process.getuid?.() !== 0)('a payload is refused (skipped without root: composing needs it)', () => {
  let store = openStore(join(base, 'payloads'))
  let kept: Digest
  beforeEach(() => {
    mkdirSync(join(base, 'payloads/scratch'), { recursive: true })
    store = openStore(join(base, 'payloads'))
    kept = store.put(Buffer.from('kept'))
  })

  const climb = `./${'../'.repeat(8)}${outside.slice(1)}/climbed`
  test.each<[string, readonly (readonly Member[])[], string, RegExp]>([
    ['a path that climbs', [[file(climb)]], 'UNPACK_FAILED', /\.\./],
    ['an absolute path', [[file(join(outside, 'absolute'))]], 'UNPACK_FAILED', /outside/],
    [
      'a symbolic link that leads out, and a file behind it',
      [[{ path: './out', flag: '2', target: outside }, file('./out/x')]],
      'UNPACK_FAILED',
      /below out/,
    ],
    [
      'a symbolic link that leads out, and another package that has a file behind it',
      [[{ path: './out', flag: '2', target: outside }], [file('./out/x')]],
      'IMAGE_PATH_CONFLICT',
      /no directory/,
    ],
    ['a device node', [[{ path: './disk', flag: '3' }]], 'IMAGE_SPEC_REFUSED', /disk.*device/],
    [
      'a hard link to elsewhere',
      [[{ path: './linked', flag: '1', target: join(outside, 'secret') }]],
      'UNPACK_FAILED',
      /linked|secret/,
    ],
    [
      'a hard link that climbs',
      [[{ path: './linked', flag: '1', target: './../outside/secret' }]],
      'UNPACK_FAILED',
      /linked|secret/,
    ],
    ['a file and a directory of one name', [[file('./a'), { path: './a/', flag: '5' }]], 'UNPACK_FAILED', /\ba\b/],
    ['a file and a path below it', [[file('./a'), file('./a/b')]], 'UNPACK_FAILED', /below a/],
    [
      'two owners of one path',
      [[file('./a', 'one')], [file('./a', 'two')]],
      'IMAGE_PATH_CONFLICT',
      /hostile-0.*hostile-1/,
    ],
    [
      'a file where another package has a directory',
      [[file('./a/b')], [file('./a')]],
      'IMAGE_PATH_CONFLICT',
      /hostile-0.*hostile-1/,
    ],
    [
      'one path by two names of a directory',
      [[file('./usr/bin/a', 'one')], [file('./bin/a', 'two')]],
      'IMAGE_PATH_CONFLICT',
      /hostile-0.*hostile-1/,
    ],
    ['a name that is not UTF-8', [[{ path: './\u0000', flag: '9' }, file('./a\u0000b')]], 'UNPACK_FAILED', /./],
  ])('%s', async (_what, packages, code, message) => {
    await unharmed(store, async () => {
      const lock = lockOf(packages.map((members, index) => put(store, `hostile-${index}`, { members })))
      const failing = composing(store, lock)
      await expect(failing).rejects.toMatchObject({ code })
      await expect(failing).rejects.toThrow(message)
    })
    expect(store.read(kept).toString()).toBe('kept')
  })

  test('a compression bomb: by what it says it holds, before it is unpacked', async () => {
    // 9 GiB of zeros behind one header.
    const header = tar([file('./bomb')]).subarray(0, 512)
    // In base 256, for eleven octal digits end at 8 GiB.
    header.fill(0, 124, 136).writeUInt8(0x80, 124)
    header.writeBigUInt64BE(9n * 1024n ** 3n, 128)
    header.write('        ', 148, 'latin1')
    header.write(
      `${header
        .reduce((total, byte) => total + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    )
    const zeros = zstdCompressSync(Buffer.alloc(64 * 1024 ** 2))
    const data = Buffer.concat([zstdCompressSync(header), ...Array.from({ length: 144 }, () => zeros)])
    const start = performance.now()
    await unharmed(store, async () => {
      const failing = composing(store, lockOf([put(store, 'bomb', { data })]))
      await expect(failing).rejects.toMatchObject({ code: 'UNPACK_FAILED' })
      await expect(failing).rejects.toThrow(/UNPACKED_BYTES/)
    })
    expect(performance.now() - start).toBeLessThan(60_000)
  })

  test(
    '10 million tiny files: at the limit, in little memory and time',
    async () => {
      // A thousand headers at a time, each time in another directory: as many as it takes, for no byte after is read.
      const some = Array.from({ length: 1000 }, (_, index) => ({ path: `./d0000/${index}`, flag: '0' }))
      const one = tar(some).subarray(0, -1024)
      const data: Buffer[] = []
      for (let frame = 0; frame <= 250; frame++) {
        const bytes = Buffer.from(one)
        for (let at = 0; at < bytes.length; at += 512) {
          bytes.write(frame.toString().padStart(4, '0'), at + 3, 'latin1')
          bytes.write('        ', at + 148, 'latin1')
          let sum = 0
          for (let byte = at; byte < at + 512; byte++) sum += bytes[byte] ?? 0
          bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1')
        }
        data.push(zstdCompressSync(bytes))
      }
      await unharmed(store, async () => {
        const failing = composing(store, lockOf([put(store, 'many', { data: Buffer.concat(data) })]))
        await expect(failing).rejects.toMatchObject({ code: 'UNPACK_FAILED' })
        await expect(failing).rejects.toThrow(/UNPACKED_PATHS/)
      })
    },
    2 * MINUTES,
  )
})

describe.skipIf(reason !== undefined)(`a script is contained${reason ? ` (skipped, because ${reason})` : ''}`, () => {
  let store: Store
  let lock: Lock
  const hasControlGroups = makesControlGroups()

  beforeAll(async () => {
    const minimal = (await realLocks({ minimal: ['usr-is-merged'] })).get('minimal')
    if (!minimal) throw new Error('no lock')
    lock = minimal
    store = await storeWithPackages(join(base, 'scripts'), lock)
    mkdirSync(join(base, 'scripts/scratch'), { recursive: true })
  }, 10 * MINUTES)

  beforeEach(() => {
    Object.assign(limits, { timeout: 120_000, memory: 4 * 1024 ** 3, processes: 4096 })
  })

  /** The smallest system there is, with these packages besides; theirs are the first scripts that run. */
  const withPackages = (packages: Readonly<Record<string, Made>>) =>
    composing(store, {
      ...lock,
      packages: [...Object.entries(packages).map(([name, made]) => put(store, name, made)), ...lock.packages],
    })
  const preinst = (script: string) => withPackages({ 'a-hostile': { preinst: `#!/bin/bash\n${script}\n` } })

  test(
    'that hangs: it ends when its time is over',
    async () => {
      limits.timeout = 4000
      await unharmed(store, async () => {
        await expect(preinst('sleep 1000 & trap "" TERM; sleep 1000')).rejects.toMatchObject({
          code: 'PROCESS_TIMEOUT',
        })
      })
    },
    2 * MINUTES,
  )

  test.skipIf(!hasControlGroups)(
    'that forks without end',
    async () => {
      limits.processes = 100
      await unharmed(store, async () => {
        const failing = preinst('for i in $(seq 300); do sleep 100 & done; wait -n; exit 0')
        await expect(failing).rejects.toMatchObject({ code: 'SANDBOX_LIMIT_REACHED' })
        await expect(failing).rejects.toThrow(/processes/)
      })
    },
    2 * MINUTES,
  )

  test.skipIf(!hasControlGroups)(
    'that eats memory',
    async () => {
      limits.memory = 256 * 1024 ** 2
      await unharmed(store, async () => {
        const failing = preinst('exec perl -e \'$x = "x" x (1 << 30); sleep 1000\'')
        await expect(failing).rejects.toMatchObject({ code: 'SANDBOX_LIMIT_REACHED' })
      })
    },
    2 * MINUTES,
  )

  test.skipIf(!hasControlGroups || !existsSync('/dev/shm'))(
    'that fills the disk: it writes to memory, and that is limited',
    async () => {
      limits.memory = 256 * 1024 ** 2
      await unharmed(store, async () => {
        await expect(preinst('exec dd if=/dev/zero of=/var/full bs=1M')).rejects.toMatchObject({
          code: 'SANDBOX_LIMIT_REACHED',
        })
      })
    },
    2 * MINUTES,
  )

  test(
    'that prints without end',
    async () => {
      await unharmed(store, async () => {
        await expect(preinst('exec yes')).rejects.toMatchObject({ code: 'PROCESS_OUTPUT_LIMIT' })
      })
    },
    2 * MINUTES,
  )

  test(
    'that writes outside, makes devices, changes the kernel or tries the network: none of it works, and the image is made',
    async () => {
      const tries = {
        'write outside': `echo x > ${outside}/written`,
        'write through another root': `echo x > /proc/1/root${outside}/written`,
        'find the machine': `test -e ${outside}`,
        'make a device': 'mknod /var/tries/disk b 8 0',
        mount: 'mount -t tmpfs none /mnt',
        'set a kernel setting': 'echo x > /proc/sys/kernel/hostname',
        'reach the network': 'exec 3<> /dev/tcp/192.0.2.1/80',
        'reach this machine': 'exec 3<> /dev/tcp/127.0.0.1/22',
        'see /sys': 'test -e /sys/kernel',
      }
      const script = Object.entries(tries).map(([name, line]) => `(${line}) 2> /dev/null && touch "/var/tries/${name}"`)
      await unharmed(store, async () => {
        const { manifest } = await withPackages({
          'a-hostile': {
            preinst: `#!/bin/bash\nmkdir /var/tries\n${script.join('\n')}\ntouch /var/tries/through\nexit 0\n`,
          },
          names: {
            members: [file('./opt/Case'), file('./opt/case'), file('./opt/\u00e9'), file('./opt/e\u0301')],
          },
        })
        const below = (path: string) =>
          [...walkTree(store, manifest.root.tree)]
            .map((entry) => entry.path)
            .filter((each) => each.startsWith(`${path}/`))
        expect(below('var/tries')).toEqual(['var/tries/through'])
        // Names that differ in case or in their Unicode form are different files.
        expect(below('opt').sort()).toEqual(['opt/Case', 'opt/case', 'opt/e\u0301', 'opt/\u00e9'].sort())
      })
    },
    3 * MINUTES,
  )
})

function makesControlGroups(): boolean {
  const group = makeControlGroup({ processes: 10, memoryBytes: 1024 * 1024 })
  void group[Symbol.asyncDispose]()
  return group.entrances.length > 0
}
