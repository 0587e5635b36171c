import { spawnSync } from 'node:child_process'

/** ` (skipped, because …)` or nothing: what goes into the name of a test that needs root and these programs. */
export function skipReason(...programs: string[]): string {
  if (process.getuid?.() !== 0) return ' (skipped, because it needs root: chroot, mounts)'
  const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  return missing.length === 0 ? '' : ` (skipped, because there is no ${missing.join(', ')})`
}
