import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { asDiskFull, digestOf, errnoOf, hexOf } from '@holotype/base'
import type { Store } from '@holotype/store'
import { SCRATCH_AGE_MS, SCRATCH_MEMORY_BYTES } from '../limits.ts'
import { privateDirectory } from './checkout.ts'

/** The directories of one composition or build, gone when it is disposed. Nobody but root may enter them. */
export interface Scratch extends Disposable {
  /** On the store's file system, so that the checkout can be hard links. */
  readonly disk: string
  /**
   * What scripts write, in memory where there is room: dpkg makes and deletes thousands of small files, which ext4 is slow at just after
   * others were deleted.
   */
  readonly memory: string
}

/** linux/magic.h, TMPFS_MAGIC */
const TMPFS_MAGIC = 0x01021994
const SHARED_MEMORY = '/dev/shm'
const NAME = /^holotype-([0-9a-f]{12})-([1-9]\d*)-/

/** Makes the directories, and removes what killed processes left of theirs. @throws DISK_FULL */
export function makeScratch(store: Store): Scratch {
  const parent = join(store.directory, 'scratch')
  const made: string[] = []
  const place = placeName()
  const make = (where: string) => {
    sweep(where, place)
    const directory = mkdtempSync(join(where, `holotype-${place}-${process.pid}-`))
    made.push(directory)
    return directory
  }
  const dispose = () => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true })
  }
  try {
    privateDirectory(parent)
    const disk = make(parent)
    const memory = memoryHasRoom() ? make(SHARED_MEMORY) : join(disk, 'memory')
    mkdirSync(memory, { recursive: true })
    return { disk, memory, [Symbol.dispose]: dispose }
  } catch (error) {
    dispose()
    throw asDiskFull(error, parent)
  }
}

function memoryHasRoom(): boolean {
  if (!existsSync(SHARED_MEMORY)) return false
  const { type, bavail, bsize } = statfsSync(SHARED_MEMORY)
  return type === TMPFS_MAGIC && bavail * bsize >= SCRATCH_MEMORY_BYTES
}

/**
 * Removes the directories of processes that are gone. Of other machines and containers that share the store nobody here can tell: theirs,
 * and those of before the last start, go by age.
 */
function sweep(parent: string, place: string): void {
  const old = Date.now() - SCRATCH_AGE_MS
  for (const name of readdirSync(parent)) {
    const [, madeAt, pid] = NAME.exec(name) ?? []
    if (pid === undefined) continue
    const path = join(parent, name)
    const gone =
      madeAt === place
        ? !isAlive(Number(pid))
        : (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) < old
    if (gone) rmSync(path, { recursive: true, force: true })
  }
}

/** Where a process id means one process: the machine since its last start, and the pid namespace (pid_namespaces(7)). */
function placeName(): string {
  return hexOf(digestOf(Buffer.from(`${bootId()}\n${readlinkSync('/proc/self/ns/pid')}`))).slice(0, 12)
}

/** Names the machine's last start (proc(5), random/boot_id). */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) !== 'ESRCH'
  }
}
