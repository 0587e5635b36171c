import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Progress, SYSTEM_PATH, silent } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { compose, resolveSpec } from '@holotype/image'
import type { Lock } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realLocks, scriptPackage, storeWithPackages, unfitForComposing } from './testing/real-packages.ts'

/*
 * Same lock, same spec, same digest (invariant 5), on what might be two machines: other path, user, umask, locale, time zone, date, number of
 * processors, file system and, with that, order of directories. `compose.test.ts` looks closer at one image.
 */

const CHILD = fileURLToPath(new URL('testing/compose-elsewhere.ts', import.meta.url))
/**
 * The smallest system; one with init, users, sshd and file capabilities; one with Perl, Python and git, whose packages have hard links, and with the menu of
 * Info documents, which install-info makes in the order of the directory. In each libfaketime, which nothing loads but the scripts on another date.
 */
const IMAGES = {
  minimal: ['usr-is-merged', 'libfaketime'],
  remote: ['usr-is-merged', 'libfaketime', 'openssh-server', 'iputils-ping', 'libcap2-bin'],
  languages: ['usr-is-merged', 'libfaketime', 'python3', 'perl', 'git', 'install-info'],
} as const
const DAYS_AHEAD = 1700
/** What the scripts of the other machine are given (libfaketime's README): its clock, and the times of files as they are. */
const ANOTHER_DATE = {
  LD_PRELOAD: '/usr/$LIB/faketime/libfaketime.so.1',
  FAKETIME: `+${DAYS_AHEAD}d`,
  NO_FAKE_STAT: '1',
  DONT_FAKE_MONOTONIC: '1',
}
/** Fails where the scripts were to see another date and do not. */
const CLOCK = `[ -z "$FAKETIME" ] || [ $(date +%s) -gt ${Math.floor(Date.now() / 1000) + (DAYS_AHEAD - 1) * 86_400} ]`

const missing = ['faketime', 'taskset', 'mkfs.xfs'].filter((program) => spawnSync('which', [program]).status !== 0)
const reason = unfitForComposing() ?? (missing.length > 0 ? `there is no ${missing.join(', ')}` : undefined)
const MINUTES = 60_000

describe.skipIf(reason !== undefined)(`an image is the same${reason ? ` (skipped, because ${reason})` : ''}`, () => {
  const base = mkdtempSync(join(tmpdir(), 'holotype-reproducible-'))
  const mounted = join(base, 'mounted')
  let locks: ReadonlyMap<string, Lock> = new Map()

  beforeAll(async () => {
    locks = await realLocks(IMAGES)
    // Of another kind than the one below the temporary directory, which holds its names in another order.
    execFileSync('truncate', ['--size=4G', `${mounted}.disk`])
    execFileSync('mkfs.xfs', ['-q', `${mounted}.disk`])
    mkdirSync(mounted)
    execFileSync('mount', ['-o', 'loop', `${mounted}.disk`, mounted])
  }, 10 * MINUTES)

  afterAll(() => {
    spawnSync('umount', [mounted])
    rmSync(base, { recursive: true, force: true })
  })

  test.each(['minimal', 'remote', 'languages'] as const)(
    '%s',
    async (name) => {
      const lock = locks.get(name)
      if (!lock) throw new Error('no lock')
      // One store for all three: what the images begin with alike is remembered here and unheard of there (ADR 21).
      const [here, there] = await Promise.all(
        [join(base, 'here'), join(mounted, 'another/path', name)].map((place) => storeWithPackages(place, lock)),
      )
      if (!here || !there) throw new Error('no store')
      const order = async (store: Store) => ({
        lock: { ...lock, packages: [...lock.packages, await scriptPackage(store, 'clock', CLOCK)] },
        spec: resolveSpec(store, { name, spec: imageSchema.parse({ packages: [...IMAGES[name]] }), directory: '/' }),
      })
      const { image } = await compose({ store: here, ...(await order(here)), progress: silent })
      const again: string[] = []
      const progress: Progress = (event) => void (event.kind === 'begin' && again.push(event.title))
      expect((await compose({ store: here, ...(await order(here)), progress })).image).toBe(image)
      expect(again).toEqual(['freeze the tree'])

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
      child.stdin.end(JSON.stringify({ directory: there.directory, scripts: ANOTHER_DATE, ...(await order(there)) }))
      expect(await text(child.stdout)).toBe(image)
    },
    5 * MINUTES,
  )
})
