import {
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { asDiskFull, compareText, errnoOf, syncDirectory, temporaryName, writeFileAtomic } from '@holotype/base'

/** One change of a published repository. Each leaves either what was there or all of its own; in order they never tear it. */
export type RepositoryStep =
  | { readonly kind: 'link'; readonly from: string; readonly to: string }
  | { readonly kind: 'write'; readonly to: string; readonly bytes: Buffer }
  /** Removes from a by-hash directory all but the named files and the newest `generations` of each index form. */
  | { readonly kind: 'prune'; readonly directory: string; readonly keep: ReadonlySet<string>; readonly newest: number }

/** @throws DISK_FULL */
export function applyStep(base: string, step: RepositoryStep): void {
  switch (step.kind) {
    case 'link':
      return linkOrCopy(step.from, join(base, step.to))
    case 'write': {
      const path = join(base, step.to)
      mkdirSync(dirname(path), { recursive: true })
      return writeFileAtomic(path, step.bytes)
    }
    case 'prune':
      return prune(join(base, step.directory), step.keep, step.newest)
  }
}

function linkOrCopy(from: string, to: string): void {
  if (from === to) return
  mkdirSync(dirname(to), { recursive: true })
  const temporary = temporaryName(to)
  try {
    try {
      linkSync(from, temporary)
    } catch (error) {
      // Another file system, one without links, or too many links: a copy serves as well.
      if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error
      copyFileSync(from, temporary)
      const file = openSync(temporary, 'r')
      fsyncSync(file)
      closeSync(file)
    }
    renameSync(temporary, to)
    syncDirectory(dirname(to))
  } catch (error) {
    throw asDiskFull(error, to)
  } finally {
    // A rename of one link over another of the same file leaves both (rename(2)).
    rmSync(temporary, { force: true })
  }
}

function prune(directory: string, keep: ReadonlySet<string>, newest: number): void {
  const others = readdirSync(directory)
    .filter((name) => !keep.has(name))
    .map((name) => ({ name, time: statSync(join(directory, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time || compareText(a.name, b.name))
  for (const { name } of others.slice(newest)) rmSync(join(directory, name), { force: true })
}
