import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { SYSTEM_PATH, silent } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { compose, resolveSpec } from '@holotype/image'
import type { Lock } from '@holotype/solver'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realLocks, storeWithPackages, unfitForComposing } from './testing/real-packages.ts'

/*
 * Same lock, same spec, same digest (invariant 5), on what might be two machines: other path, user, umask, locale, time zone, date, number of
 * processors, file system and, with that, order of directories. `compose.test.ts` looks closer at one image.
 */

const CHILD = fileURLToPath(new URL('testing/compose-elsewhere.ts', import.meta.url))
/** The smallest system; one with init, users, sshd and file capabilities; one with Perl, Python and git, whose packages have hard links. */
const IMAGES = {
  minimal: ['usr-is-merged'],
  remote: ['usr-is-merged', 'openssh-server', 'iputils-ping', 'libcap2-bin'],
  languages: ['usr-is-merged', 'python3', 'perl', 'git'],
} as const
const FILE_SYSTEMS = { minimal: 'tmpfs', remote: 'xfs', languages: 'tmpfs' } as const

const missing = ['faketime', 'taskset', 'mkfs.xfs'].filter((program) => spawnSync('which', [program]).status !== 0)
const reason = unfitForComposing() ?? (missing.length > 0 ? `there is no ${missing.join(', ')}` : undefined)
const MINUTES = 60_000

describe.skipIf(reason !== undefined)(`an image is the same${reason ? ` (skipped, because ${reason})` : ''}`, () => {
  const base = mkdtempSync(join(tmpdir(), 'holotype-reproducible-'))
  const mounted: string[] = []
  let locks: ReadonlyMap<string, Lock> = new Map()

  beforeAll(async () => {
    locks = await realLocks(IMAGES)
  }, 10 * MINUTES)

  afterAll(() => {
    for (const place of mounted) execFileSync('umount', [place])
    rmSync(base, { recursive: true, force: true })
  })

  test.each(['minimal', 'remote', 'languages'] as const)(
    '%s',
    async (name) => {
      const lock = locks.get(name)
      if (!lock) throw new Error('no lock')
      const order = (store: Awaited<ReturnType<typeof storeWithPackages>>) => ({
        lock,
        spec: resolveSpec(store, { name, spec: imageSchema.parse({ packages: [...IMAGES[name]] }), directory: '/' }),
      })
      const here = await storeWithPackages(join(base, name), lock)
      const { image } = await compose({ store: here, ...order(here), progress: silent })

      const there = await storeWithPackages(join(mount(name), 'another/path'), lock)
      const child = spawn('taskset', ['--cpu-list', '0', 'faketime', '2031-07-19 23:59:50', process.execPath, CHILD], {
        stdio: ['pipe', 'pipe', 'inherit'],
        cwd: there.directory,
        env: {
          ...{ PATH: SYSTEM_PATH, LC_ALL: 'tr_TR.UTF-8', LANG: 'de_DE', TZ: 'Pacific/Chatham', HOME: '/nonexistent' },
          ...{
            USER: 'somebody',
            LOGNAME: 'somebody',
            SUDO_UID: '1000',
            TMPDIR: there.directory,
            SOURCE_DATE_EPOCH: '1',
          },
        },
      })
      child.stdin.end(JSON.stringify({ directory: there.directory, ...order(there) }))
      expect(await text(child.stdout)).toBe(image)
    },
    5 * MINUTES,
  )

  /** A file system of another kind than the one below the temporary directory. */
  function mount(name: keyof typeof FILE_SYSTEMS): string {
    const place = join(base, `${name}-mounted`)
    mkdirSync(place)
    if (FILE_SYSTEMS[name] === 'tmpfs') execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4g', 'none', place])
    else {
      const disk = `${place}.disk`
      execFileSync('truncate', ['--size=4G', disk])
      execFileSync('mkfs.xfs', ['-q', disk])
      execFileSync('mount', ['-o', 'loop', disk, place])
    }
    mounted.push(place)
    return place
  }
})
