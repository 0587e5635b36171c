import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** MiB: what the process needs before it reads anything, and twice what 10,000 packages take of the 512 MiB that 100,000 may. */
const BOUND_MIB = 256

test('a snapshot of 10,000 packages, and a lock from it, take no more memory than they may', () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'upstream-memory.ts'), '10000', String(BOUND_MIB)],
    { encoding: 'utf8' },
  )
  expect(stdout).toMatch(/^deb snapshot: \d+ MiB .* 10000 packages$/m)
  expect(stdout).toMatch(/^deb lock: \d+ MiB .* \d\d+ packages$/m)
  expect(`${status} ${stderr} ${stdout}`).toMatch(/^0 /)
})
