import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isErrorCode, run, SYSTEM_PATH } from '@holotype/base'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/*
 * The whole line, from an empty folder to a healed node: the guide's own commands, in its order, on real packages of this machine's sources.
 */

const ROOT = join(import.meta.dirname, '..')
const GUIDE = join(ROOT, 'docs/guide/first-fleet.md')
const TIMEOUT_MS = 8 * 60_000
const isRoot = process.getuid?.() === 0

let place: string

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'holotype-guide-'))
  // The database's account must be able to enter: else its data go elsewhere and outlive the test.
  chmodSync(place, 0o755)
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

/** The commands of the guide as one script that ends at the first that fails, and ends the server it started. */
function script(): string {
  const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  const sections = blocks.map((block, index) => `echo "=== ${index}"\n${block}`)
  return `set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n${sections.join('\n')}`
}

describe.skipIf(!isRoot)('the guide (skipped without root: images hold files of many owners)', () => {
  test('leads from an empty folder to a fleet', { timeout: TIMEOUT_MS }, async () => {
    const file = join(place, 'guide.sh')
    writeFileSync(file, script())
    const { stdout } = await run(['bash', file], {
      cwd: place,
      timeoutMs: TIMEOUT_MS,
      env: {
        PATH: `${join(ROOT, 'bin')}:${SYSTEM_PATH}`,
        HOME: place,
        CI: '1',
        GIT_AUTHOR_NAME: 'guide',
        GIT_AUTHOR_EMAIL: 'guide@example.org',
        GIT_COMMITTER_NAME: 'guide',
        GIT_COMMITTER_EMAIL: 'guide@example.org',
      },
    }).catch((error: unknown) => {
      if (isErrorCode(error, 'PROCESS_FAILED')) throw new Error(error.message)
      throw error
    })
    const text = stdout.toString()
    expect(text).toMatch(/composed again\s+base: the same, bit for bit/)
    expect(text).toMatch(/opened\s+wave rest/)
    expect(text).toMatch(/channel base is at its new image/)
    expect(text).toContain('it differs')
    expect(text).toMatch(/\n0 of \d+ paths differ/)
    const motd = readFileSync(join(place, 'acme/node-1/root/etc/motd'), 'utf8')
    expect(motd).not.toContain('by hand')
    expect(readFileSync(join(place, 'acme/node-1/root/usr/bin/less')).length).toBeGreaterThan(0)
  })
})
