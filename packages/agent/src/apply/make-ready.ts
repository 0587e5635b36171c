import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { removePath } from '@holotype/base'
import type { FileEntry, LeafEntry, SymlinkEntry } from '@holotype/store'
import { explain } from '../explain.ts'
import { CHUNK_BYTES } from '../limits.ts'
import { readPieces, readThrough } from '../state/hash-file.ts'
import type { ObjectFolder } from '../state/objects.ts'
import { sparseWriter } from '../state/sparse-writer.ts'
import { extractTar } from '../tar/run-tar.ts'
import { TAR_END, tarMember } from '../tar/write-member.ts'
import type { DirectoryMetadata, DirectoryWork, LeafWork, Plan } from '../tree/plan.ts'
import type { Area, Areas } from './areas.ts'

/** Where each planned path lies ready: with its bytes, owner, mode, times and attributes, lacking only its name. */
export type Ready = ReadonlyMap<LeafWork | DirectoryWork, string>

/** What GNU tar makes ready, all of an area in one go: Node can neither set extended attributes nor make devices and fifos. */
interface ByTar {
  readonly name: string
  readonly path: string
  readonly entry: LeafEntry | (DirectoryMetadata & { readonly type: 'directory' })
}

/**
 * Makes everything ready that a plan places, beside the root: after it a name of the root changes by one rename each, no program has to
 * be started while the root is between two images, and a full disk has shown itself before the root changed.
 * @throws DISK_FULL, AGENT_NOT_PERMITTED, AGENT_ROOT_CHANGED, AGENT_IO, PROCESS_*
 */
export async function makeReady(options: {
  readonly plan: Plan
  readonly staged: ObjectFolder
  readonly areas: Areas
  /** Called after each path. */
  readonly step: () => Promise<void>
}): Promise<Ready> {
  const { plan, staged, areas, step } = options
  const ready = new Map<LeafWork | DirectoryWork, string>()
  const firstOf = new Map<string, { readonly area: Area; readonly at: string }>()
  const byTar = new Map<Area, ByTar[]>()
  const uses = usesOf(plan)
  let last = 0
  const giveToTar = (area: Area, member: ByTar) => {
    const members = byTar.get(area)
    if (members) members.push(member)
    else byTar.set(area, [member])
  }
  for (const work of plan.directories) {
    const { path, entry } = work
    const area = areas.for(path)
    const name = String(++last)
    ready.set(work, `${area.path}/${name}`)
    if (entry.xattrs) giveToTar(area, { name, path, entry: { ...entry, type: 'directory' } })
    else attempt(path, () => directory(`${area.path}/${name}`, entry))
    await step()
  }
  const others: { work: LeafWork; first: string; area: Area; at: string }[] = []
  for (const work of plan.leaves) {
    const { path, entry, link } = work
    const area = areas.for(path)
    const name = String(++last)
    const at = `${area.path}/${name}`
    ready.set(work, at)
    if (link !== undefined && link !== path && firstOf.get(link)?.area === area)
      others.push({ work, first: firstOf.get(link)?.at ?? '', area, at })
    else if (entry.xattrs || !(entry.type === 'file' || entry.type === 'symlink'))
      giveToTar(area, { name, path, entry })
    else if (entry.type === 'symlink') attempt(path, () => symlink(at, entry))
    else if (link === undefined && area.holdsStaged && uses.get(entry.digest) === 1)
      ready.set(
        work,
        attempt(path, () => stagedItself(staged, entry)),
      )
    else attempt(path, () => copy(staged, at, entry))
    if (link === path) firstOf.set(path, { area, at })
    if (entry.type === 'file' && !entry.xattrs) oneLess(uses, entry, area, staged)
    await step()
  }
  for (const [area, members] of byTar) await extract(area, members, staged)
  for (const { work, first, at } of others) attempt(work.path, () => linkSync(first, at))
  return ready
}

/** How many paths still need each object: the last one on the staging folder's file system gets the staged file itself. */
function usesOf(plan: Plan): Map<string, number> {
  const uses = new Map<string, number>()
  for (const { entry } of plan.leaves)
    if (entry.type === 'file') uses.set(entry.digest, (uses.get(entry.digest) ?? 0) + 1)
  return uses
}

function oneLess(uses: Map<string, number>, entry: FileEntry, area: Area, staged: ObjectFolder): void {
  const left = (uses.get(entry.digest) ?? 1) - 1
  uses.set(entry.digest, left)
  if (left > 0) return
  // Copied to another file system for the last time: its room is given back at once.
  if (!area.holdsStaged) removePath(staged.pathOf(entry.digest))
  staged.forget(entry.digest)
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw explain(error, path)
  }
}

// An area is closed to others, so plain paths are safe in it. Changing the owner clears setuid: the mode comes after.

function directory(at: string, entry: DirectoryMetadata): void {
  mkdirSync(at, 0o700)
  chownSync(at, entry.uid, entry.gid)
  chmodSync(at, entry.mode)
}

function stagedItself(staged: ObjectFolder, entry: FileEntry): string {
  const at = staged.pathOf(entry.digest)
  chownSync(at, entry.uid, entry.gid)
  chmodSync(at, entry.mode)
  utimesSync(at, entry.mtime, entry.mtime)
  return at
}

function copy(staged: ObjectFolder, at: string, entry: FileEntry): void {
  const file = openSync(at, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    const writer = sparseWriter(file)
    readThrough(staged.pathOf(entry.digest), (chunk) => writer.write(chunk))
    writer.end()
    fchownSync(file, entry.uid, entry.gid)
    fchmodSync(file, entry.mode)
    futimesSync(file, entry.mtime, entry.mtime)
  } finally {
    closeSync(file)
  }
}

function symlink(at: string, entry: SymlinkEntry): void {
  symlinkSync(entry.target, at)
  lchownSync(at, entry.uid, entry.gid)
  lutimesSync(at, entry.mtime, entry.mtime)
}

async function extract(area: Area, members: readonly ByTar[], staged: ObjectFolder): Promise<void> {
  const input = (function* () {
    for (const { name, entry } of members) {
      const { head, tail } = tarMember(`./${name}`, entry)
      yield head
      if (entry.type === 'file') yield* readPieces(staged.pathOf(entry.digest), CHUNK_BYTES)
      yield tail
    }
    yield TAR_END
  })()
  await extractTar(area.pathForOthers, '--delay-directory-restore', input)
}
