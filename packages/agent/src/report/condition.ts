import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanText, run, writeFileAtomic } from '@holotype/base'
import { isFields } from '../json.ts'
import { CONDITION_FILES, CONDITION_MS, CONDITION_NAMED, UNIT_TIMEOUT_MS } from '../limits.ts'
import { type PendingKernel, pendingKernel } from './kernel.ts'

/** A process that runs code which is not on the disk any more. */
export interface OutdatedProcess {
  readonly pid: number
  readonly name: string
  /** Its systemd unit, where there is one. */
  readonly unit?: string
  readonly files: readonly string[]
}

/** What the running system needs besides the right files. */
export interface Condition {
  /** Null: none, or not known. */
  readonly reboot: PendingKernel | null
  readonly restart: readonly OutdatedProcess[]
  readonly failedUnits: readonly string[]
}

/** The words for it in a check-in. */
export function flagsOf({ reboot, restart, failedUnits }: Condition): string[] {
  return [
    ...(reboot ? ['reboot-pending'] : []),
    ...(restart.length > 0 ? ['restart-pending'] : []),
    ...(failedUnits.length > 0 ? ['units-failed'] : []),
  ]
}

/** Looks at what runs. Reads `/proc`, and asks systemd where that is the init. Never throws. */
export async function readCondition(): Promise<Condition> {
  return {
    reboot: quietly(() => pendingKernel('/')) ?? null,
    restart: quietly(() => outdatedProcesses()) ?? [],
    failedUnits: await failedUnits(),
  }
}

const FILE = 'condition.json'

/** The flags of what runs, looked at when something has changed, and else only now and then: reading all of `/proc` is not for every few seconds. */
export async function conditionFlags(
  state: string,
  options: {
    /** This run has changed the root. */
    readonly changed: boolean
    /** Milliseconds since the epoch. */
    readonly now: number
  },
): Promise<readonly string[]> {
  const path = join(state, FILE)
  const known = options.changed ? undefined : quietly(() => parseKept(readFileSync(path, 'utf8')))
  if (known && known.time <= options.now && options.now - known.time < CONDITION_MS) return known.flags
  const flags = flagsOf(await readCondition())
  quietly(() => writeFileAtomic(path, JSON.stringify({ time: options.now, flags }), 0o600))
  return flags
}

function parseKept(text: string): { readonly time: number; readonly flags: readonly string[] } | undefined {
  const value: unknown = JSON.parse(text)
  if (!isFields(value) || typeof value.time !== 'number' || !Array.isArray(value.flags)) return undefined
  return { time: value.time, flags: value.flags.filter((flag) => typeof flag === 'string') }
}

/**
 * Processes with executable memory of files that are replaced or removed (proc(5), maps: ` (deleted)`), as far as they are programs or libraries:
 * below `/usr`, `/opt` and the old places of `/usr`.
 */
export function outdatedProcesses(proc = '/proc'): OutdatedProcess[] {
  const found: OutdatedProcess[] = []
  for (const name of readdirSync(proc)) {
    if (!/^[1-9]\d*$/.test(name)) continue
    const directory = join(proc, name)
    const files = quietly(() => deletedFiles(readFileSync(join(directory, 'maps'), 'utf8'))) ?? []
    if (files.length === 0) continue
    const unit = quietly(() => unitOf(readFileSync(join(directory, 'cgroup'), 'utf8')))
    const command = quietly(() => readFileSync(join(directory, 'comm'), 'utf8').trim()) ?? ''
    found.push({ pid: Number(name), name: cleanText(command), ...(unit === undefined ? {} : { unit }), files })
    if (found.length === CONDITION_NAMED) break
  }
  return found
}

const DELETED = /^\S+ ..x. \S+ \S+ [1-9]\d*\s+(\/(?:usr|opt|lib\w*|s?bin)\/.*) \(deleted\)$/gm

function deletedFiles(maps: string): string[] {
  const files = new Set([...maps.matchAll(DELETED)].map(([, path]) => cleanText(path ?? '')))
  return [...files].slice(0, CONDITION_FILES)
}

/** The unit of a process by its control group (cgroups(7)): `0::/system.slice/nginx.service`. */
function unitOf(cgroup: string): string | undefined {
  const parts = cgroup.split('\n').flatMap((line) => line.split(':')[2]?.split('/') ?? [])
  return parts.findLast((part) => /\.(service|scope|socket|mount|swap)$/.test(part))
}

async function failedUnits(): Promise<string[]> {
  if (!existsSync('/run/systemd/system')) return []
  try {
    const argv = ['systemctl', 'list-units', '--state=failed', '--plain', '--no-legend', '--no-pager'] as const
    const { stdout } = await run([...argv], { timeoutMs: UNIT_TIMEOUT_MS })
    const names = stdout.toString().split('\n')
    return names.flatMap((line) => line.trim().split(/\s+/)[0] || []).slice(0, CONDITION_NAMED)
  } catch {
    return []
  }
}

/** What cannot be read (a process that has ended, a system without it) is not there. */
function quietly<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
