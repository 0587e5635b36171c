import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** True if every program is installed. A test that needs one which is not is skipped, and says so in its name. */
export function haveTools(...programs: string[]): boolean {
  return programs.every((program) => spawnSync('which', [program]).status === 0)
}

/** ` (skipped: no dpkg)` or nothing: the reason that goes into a test's name. */
export function skipReason(...programs: string[]): string {
  const missing = programs.filter((program) => !haveTools(program))
  return missing.length === 0 ? '' : ` (skipped: no ${missing.join(', ')})`
}

/** A directory that is gone when the scope ends. */
export function scratch(): Disposable & { readonly path: string; at(...parts: string[]): string } {
  const path = mkdtempSync(join(tmpdir(), 'holotype-formats-'))
  return {
    path,
    at: (...parts) => join(path, ...parts),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}
