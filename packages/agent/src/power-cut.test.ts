import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutRun, cutRunReason, prepareCutRun, someCalls } from './testing/cut-run.ts'
import { inject } from './testing/strace.ts'

/*
 * A power cut at a system call: the root lies on an ext4 in a file. The agent is killed there, and at once the file is cloned (one
 * reflink, so a point in time): what the kernel had not written yet is not in the clone. The clone is mounted in the root's place, its
 * journal replayed, and the node goes on. CRASH=all takes all calls: `make crash`.
 */

const reason =
  cutRunReason(['strace', 'setfattr', 'getfattr', 'mkfs.xfs', 'mkfs.ext4', 'mount']) ||
  (canMount() ? '' : ' (skipped, because nothing can be mounted)')

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'losetup', '--find'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const sh = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })

/** An ext4 that loses power: in a file of a file system that can clone files. */
class Disk implements AsyncDisposable {
  readonly #directory = mkdtempSync('/dev/shm/holotype-power-')
  readonly #clones = join(this.#directory, 'clones')
  readonly #disk = join(this.#clones, 'disk')
  readonly path = join(this.#directory, 'root')

  constructor() {
    mkdirSync(this.#clones)
    mkdirSync(this.path)
    const outer = join(this.#directory, 'xfs')
    sh('truncate', '--size=400M', outer)
    sh('mkfs.xfs', '-q', '-m', 'reflink=1', outer)
    sh('mount', '-o', 'loop', outer, this.#clones)
    sh('truncate', '--size=64M', this.#disk)
    sh('mkfs.ext4', '-q', this.#disk)
    this.#mount()
  }

  /** Nothing is written on its own for ten minutes, and a rename over a file does not flush what it names. */
  #mount(): void {
    sh('mount', '-o', 'loop,commit=600,noauto_da_alloc', this.#disk, this.path)
  }

  /** With `names` the journal is written before, so that changes of names are on the disk and bytes that nobody flushed are not. */
  async cutPower({ names }: { readonly names: boolean }): Promise<void> {
    if (names) {
      const file = join(this.path, 'flushed')
      writeFileSync(file, '', { flush: true })
    }
    const cut = join(this.#clones, 'cut')
    sh('cp', '--reflink=always', this.#disk, cut)
    await umount(this.path)
    renameSync(cut, this.#disk)
    this.#mount()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await umount(this.path)
    await umount(this.#clones)
    rmSync(this.#directory, { recursive: true })
  }
}

/** Unmounts what may be busy for a while: the agent's `sync` outlives it, and a loop device is let go a little after its file system. */
async function umount(path: string): Promise<void> {
  for (let round = 0; round < 300; round++) {
    const { status } = spawnSync('umount', [path], { stdio: 'ignore' })
    if (status === 0 || spawnSync('mountpoint', ['-q', path]).status !== 0) return
    await wait(100)
  }
  throw new Error(`${path} is still busy`)
}

describe.skipIf(reason !== '')(`a power cut${reason}`, () => {
  let disk: Disk
  let run: CutRun
  beforeAll(async () => {
    disk = new Disk()
    run = await prepareCutRun(disk.path)
  })
  afterAll(async () => {
    await run[Symbol.asyncDispose]()
    await disk[Symbol.asyncDispose]()
  })

  test.each([false, true])(
    'at a system call leaves every path old or new, whole, and the next run ends in the image (names on the disk: %s)',
    {
      timeout: 3_600_000,
    },
    async (names) => {
      for (const call of someCalls(run.calls, 5)) {
        run.restore()
        sh('sync', '--file-system', disk.path)
        await inject(run.world.state, call, 'signal=KILL')
        await disk.cutPower({ names })
        expect(run.wrongOnTheWay(), call.line).toEqual([])
        expect((await run.world.run({ idleMs: 20_000 })).error, `after ${call.line}`).toBeUndefined()
        expect(run.wrongAtTheEnd(), `after ${call.line}`).toEqual([])
      }
    },
  )
})
