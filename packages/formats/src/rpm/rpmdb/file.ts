import { readFileSync, statSync } from 'node:fs'
import { failBase } from '@holotype/base'
import { INSTALLED_BYTES } from '../../limits.ts'

/** Throws an Error unless the path is a file within INSTALLED_BYTES. */
export function checkSize(path: string): void {
  const found = statSync(path)
  if (!found.isFile() || found.size > INSTALLED_BYTES)
    throw new Error(`no file, or larger than INSTALLED_BYTES (${INSTALLED_BYTES})`)
}

/** A database's file, whole. @throws FILE_UNREADABLE */
export function readDatabase(path: string): Buffer {
  try {
    checkSize(path)
    return readFileSync(path)
  } catch (error) {
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${path}`, cause: error })
  }
}
