import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'

/** A folder that lasts as long as a test file. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holotype-repository-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Writes files by path below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}
