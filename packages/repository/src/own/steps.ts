import {
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { asDiskFull, errnoOf, run, syncDirectory, temporaryName } from '@holotype/base'

/**
 * One change of a published repository; paths are below its base. Each leaves what was there or all of its own, and may be done again. In
 * their order they never tear it.
 */
export type PublishStep =
  /** A file of ours under a further name; a copy on another file system. */
  | { readonly kind: 'link'; readonly from: string; readonly to: string; readonly modified?: number }
  /** `modified`, here and above: what the file is dated, in seconds since the epoch. */
  | { readonly kind: 'write'; readonly to: string; readonly bytes: Buffer; readonly modified?: number }
  /** A symbolic link with this text. Replacing one is the moment in which a new state is there. */
  | { readonly kind: 'name'; readonly at: string; readonly text: string }
  /** Makes all before it durable. */
  | { readonly kind: 'flush' }
  | { readonly kind: 'remove'; readonly path: string }

/** Only `flush` is waited for. @throws DISK_FULL, PROCESS_FAILED */
export function applyStep(base: string, step: PublishStep): Promise<void> | void {
  switch (step.kind) {
    case 'link':
      link(step.from, join(base, step.to))
      return date(join(base, step.to), step.modified)
    case 'write':
      replace(join(base, step.to), (temporary) => writeFileSync(temporary, step.bytes, { mode: 0o644 }))
      return date(join(base, step.to), step.modified)
    case 'name':
      replace(join(base, step.at), (temporary) => symlinkSync(step.text, temporary))
      return syncDirectory(dirname(join(base, step.at)))
    case 'flush':
      // syncfs(2): one call for thousands of new files. Node has none, so coreutils makes it.
      return flush(base)
    case 'remove':
      rmSync(join(base, step.path), { recursive: true, force: true })
  }
}

function date(path: string, modified: number | undefined): void {
  if (modified !== undefined) utimesSync(path, modified, modified)
}

async function flush(base: string): Promise<void> {
  await run(['sync', '-f', base])
}

/** A link appears whole: it needs no other name first, unless it replaces something. */
function link(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    replace(to, (temporary) => linkOrCopy(from, temporary))
  }
}

function replace(path: string, make: (temporary: string) => void): void {
  const temporary = temporaryName(path)
  try {
    try {
      make(temporary)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      mkdirSync(dirname(path), { recursive: true })
      make(temporary)
    }
    renameSync(temporary, path)
    // A rename of one link over another of the same file leaves both (rename(2)).
    rmSync(temporary, { force: true })
  } catch (error) {
    rmSync(temporary, { force: true })
    throw asDiskFull(error, path)
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    // Another file system, one without links, or too many links: a copy serves as well.
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error
    copyFileSync(from, to)
    const file = openSync(to, 'r')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }
}
