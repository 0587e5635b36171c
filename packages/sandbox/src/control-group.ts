import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { GROUP_REMOVAL_MS } from './limits.ts'

const MOUNT = '/sys/fs/cgroup'
const NAME = /^holotype-(\d+)-\d+$/
let made = 0

/** What all processes of a sandbox may have together. */
export interface GroupLimits {
  readonly processes: number
  /** Bytes, files on a tmpfs and the page cache included. Default: no limit. */
  readonly memoryBytes?: number | undefined
}

/** A control group of its own (cgroups(7)), gone when it is disposed: its processes have ended by then. */
export interface ControlGroup extends AsyncDisposable {
  /** Where a process writes 0 to enter it. Empty where the machine lets nobody make groups: then nothing is limited. */
  readonly entrances: readonly string[]
  /** Which limit stopped something. */
  reached(): 'memory' | 'processes' | undefined
}

/**
 * Makes a group under the controllers `pids` and `memory`, in the unified hierarchy or in those of version 1. Where they are not mounted or may not
 * be written to (a container without them), the group limits nothing.
 */
export function makeControlGroup(limits: GroupLimits): ControlGroup {
  const name = `holotype-${process.pid}-${++made}`
  const groups = controllers().flatMap(({ parent, files }) => {
    sweep(parent)
    const directory = join(parent, name)
    try {
      mkdirSync(directory)
      for (const [file, value] of files(limits)) writeFileSync(join(directory, file), String(value))
      return [directory]
    } catch {
      remove(directory)
      return []
    }
  })
  return {
    entrances: groups.map((directory) => join(directory, 'cgroup.procs')),
    reached: () => {
      if (groups.some((directory) => counted(directory, ['memory.events', 'memory.oom_control'], 'oom_kill') > 0))
        return 'memory'
      return groups.some((directory) => counted(directory, ['pids.events'], 'max') > 0) ? 'processes' : undefined
    },
    [Symbol.asyncDispose]: async () => {
      const ends = Date.now() + GROUP_REMOVAL_MS
      for (const directory of groups) while (!remove(directory) && Date.now() < ends) await setTimeout(10)
    },
  }
}

interface Controller {
  readonly parent: string
  readonly files: (limits: GroupLimits) => readonly (readonly [file: string, value: number])[]
}

/** The unified hierarchy has both controllers in one group; version 1 has a hierarchy for each (kernel, admin-guide/cgroup-v2.rst and cgroup-v1). */
function controllers(): Controller[] {
  const memory = (file: string) => (limits: GroupLimits) =>
    limits.memoryBytes === undefined ? [] : [[file, limits.memoryBytes] as const]
  const processes = (limits: GroupLimits) => [['pids.max', limits.processes] as const]
  const given = read(join(MOUNT, 'cgroup.subtree_control')).split(/\s+/)
  if (given.includes('pids') && given.includes('memory')) {
    // Without this one, what is over the limit would go to swap.
    const swap = (limits: GroupLimits) => (limits.memoryBytes === undefined ? [] : [['memory.swap.max', 0] as const])
    return [
      { parent: MOUNT, files: (limits) => [...processes(limits), ...memory('memory.max')(limits), ...swap(limits)] },
    ]
  }
  return [
    { parent: join(MOUNT, 'pids'), files: processes },
    { parent: join(MOUNT, 'memory'), files: memory('memory.limit_in_bytes') },
  ].filter(({ parent }) => existsSync(join(parent, 'cgroup.procs')))
}

/** Removes the groups that killed processes left. A group with processes in it stays: the kernel refuses. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) remove(join(parent, name))
  }
}

function remove(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch {
    return !existsSync(directory)
  }
}

function counted(directory: string, files: readonly string[], key: string): number {
  return Math.max(
    ...files.map((file) => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(read(join(directory, file)))?.[1] ?? 0)),
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
