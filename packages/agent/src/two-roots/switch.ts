import { readFileSync, renameSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoOf, removePath, run, syncDirectory, temporaryName, writeFileAtomic } from '@holotype/base'
import { fail } from '../errors.ts'
import { explain, messageOf } from '../explain.ts'
import { isFields } from '../json.ts'
import { ACTIVATE_PRINT_BYTES, ACTIVATE_TIMEOUT_MS } from '../limits.ts'
import { type Root, startsNext, type TwoRoots } from './roots.ts'

/** The last switch: `switch.json`. While it is not done, the boot loader may lead to either root. */
interface Switch {
  /** The name of the root that was to start next. */
  readonly to: string
  /** The start of the machine in which it was made. */
  readonly boot: string
  readonly done: boolean
}

const FILE = 'switch.json'

/** Whether a root is what starts next, for the link and for the boot loader. */
export function isActive(state: string, roots: TwoRoots, root: Root): boolean {
  const last = readSwitch(state)
  return leadsTo(roots, root) && (!last || (last.done && last.to === root.name))
}

/**
 * Makes a root the one that starts next: the activation command is told, then the link changes by one rename. What was begun is written down first, so
 * a kill leaves either root to start, and nobody writes to either before a switch is done.
 * @throws AGENT_ACTIVATE_FAILED: the link is as it was; AGENT_NOT_PERMITTED, AGENT_IO, DISK_FULL
 */
export async function activate(state: string, roots: TwoRoots, root: Root): Promise<void> {
  if (isActive(state, roots, root)) return
  const begun: Switch = { to: root.name, boot: bootId(), done: false }
  const write = (last: Switch) => writeFileAtomic(join(state, FILE), `${JSON.stringify(last)}\n`, 0o600)
  write(begun)
  if (roots.activate !== undefined) await runActivation(roots.activate, root.name)
  if (!leadsTo(roots, root)) switchRoot(roots.current, root.name)
  write({ ...begun, done: true })
}

/** The machine was started since a switch to a root. */
export function startedSince(state: string, root: Root): boolean {
  const last = readSwitch(state)
  return last !== undefined && last.done && last.to === root.name && last.boot !== bootId()
}

/**
 * `link`, which a boot loader or an initramfs follows, leads to the old root or to the new one at any moment, and after a power cut too. A link
 * within one directory is relative, so that it holds wherever that is mounted.
 * @throws AGENT_NOT_PERMITTED, AGENT_IO, DISK_FULL
 */
function switchRoot(link: string, root: string): void {
  const temporary = temporaryName(link)
  try {
    symlinkSync(dirname(link) === dirname(root) ? basename(root) : root, temporary)
    renameSync(temporary, link)
    syncDirectory(dirname(link))
  } catch (error) {
    removePath(temporary)
    throw explain(error, link)
  }
}

async function runActivation(program: string, root: string): Promise<void> {
  try {
    await run([program, root], { timeoutMs: ACTIVATE_TIMEOUT_MS, maxOutputBytes: ACTIVATE_PRINT_BYTES })
  } catch (error) {
    throw fail('AGENT_ACTIVATE_FAILED', { what: messageOf(error), cause: error })
  }
}

function leadsTo(roots: TwoRoots, root: Root): boolean {
  return startsNext(roots) === root.name
}

/** A file that does not parse is a switch that is not done: either root may start. */
function readSwitch(state: string): Switch | undefined {
  const unknown: Switch = { to: '', boot: '', done: false }
  try {
    const value: unknown = JSON.parse(readFileSync(join(state, FILE), 'utf8'))
    if (!isFields(value) || typeof value.to !== 'string' || typeof value.boot !== 'string') return unknown
    return { to: value.to, boot: value.boot, done: value.done === true }
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : unknown
  }
}

/** Differs from one start of the machine, or of a container of systemd-nspawn, to the next (random(4)). */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}
