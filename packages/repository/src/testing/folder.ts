import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'

const MEMORY = '/dev/shm'
/** Bytes that must be free there. */
const MEMORY_BYTES = 512 * 1024 * 1024

/** A folder that lasts as long as a test file; by default on the disk. */
export function testFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'holotype-repository-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return folder
}

/**
 * The directory for tests that flush again and again: in memory, where there is room, for a flush of the disk waits for what everyone else
 * on the machine writes.
 */
export function memoryDirectory(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY)
    return bavail * bsize >= MEMORY_BYTES ? MEMORY : tmpdir()
  } catch {
    return tmpdir()
  }
}

/** Writes files by path below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}
