import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/* The keys of a distribution, from the command line: the guide's own page, and the short ways. */

const ROOT = join(import.meta.dirname, '../../../../..')
const hasToken = await Promise.all([
  run(['pkcs11-tool', '--module', '/usr/lib/softhsm/libsofthsm2.so', '--show-info']),
  run(['faketime', '--version']),
]).then(
  () => true,
  () => false,
)

let place: string
beforeEach(() => {
  // In memory, where a flush costs nothing: every command makes several.
  place = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holotype-admin-trust-'))
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

/** What a script prints; it ends at the first command that fails. */
async function shell(script: string): Promise<string> {
  writeFileSync(join(place, 'script.sh'), `set -euo pipefail\n${script}`)
  const env = { PATH: `${join(ROOT, 'bin')}:${SYSTEM_PATH}`, HOME: place, CI: '1' }
  const { stdout } = await run(['bash', 'script.sh'], { cwd: place, env, timeoutMs: 110_000 })
  return stdout.toString()
}

describe.skipIf(!hasToken)('the guide (skipped, because softhsm2, opensc or faketime is not installed)', () => {
  test('three people, a token, a rotation and a person who leaves', { timeout: 120_000 }, async () => {
    const page = readFileSync(join(ROOT, 'docs/guide/trust.md'), 'utf8')
    const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
    expect(blocks.length).toBeGreaterThan(5)
    // Then nothing is published for a month but what the timer signs: keys of root and targets are elsewhere by now.
    const weekly = [8, 16, 24, 32].map((days) => `faketime -f +${days}d holotype admin trust refresh`)
    const text = await shell([...blocks, ...weekly].join('\n'))
    const refreshed = text.split(/^ROLE +GOOD UNTIL.*$/m).slice(1)
    expect(refreshed).toHaveLength(1 + weekly.length)
    expect(refreshed.map((table) => /^snapshot .* signed anew$/m.test(table)).slice(1)).toEqual([
      false,
      true,
      false,
      true,
    ])
    for (const table of refreshed) expect(table).toMatch(/^timestamp +\S+Z +in [67] d +signed anew$/m)
    const last = text.slice(text.lastIndexOf('published: root version 4'))
    expect(last.match(/^root +[0-9a-f]{64} +2 of 3 +elsewhere /gm)).toHaveLength(3)
    expect(last.match(/^targets +[0-9a-f]{64} +2 of 3 +elsewhere /gm)).toHaveLength(3)
    expect(last).toMatch(/^timestamp +[0-9a-f]{64} +1 of 1 +here /m)
  })
})

test('a key of this machine is rotated and revoked in one step each', { timeout: 120_000 }, async () => {
  const text = await shell(`
holotype init acme --name acme
cd acme
holotype admin keys create
idOf() { holotype admin keys list | sed -n "s/^$1 *\\([0-9a-f]*\\).*/\\1/p"; }
first=$(idOf snapshot)
holotype admin keys rotate snapshot
second=$(idOf snapshot)
holotype admin keys revoke $second
holotype admin keys list --json
if holotype admin keys revoke $first 2> ../refused; then exit 1; fi
if holotype admin keys rotate channel-nowhere 2>> ../refused; then exit 1; fi
cat ../refused
`)
  expect(text).toMatch(/snapshot is signed by [0-9a-f]{64} now, no longer by [0-9a-f]{64} \(root version 2\)/)
  expect(text).toMatch(/snapshot has a new key in the place of [0-9a-f]{64}/)
  expect(text).toMatch(/"role": "snapshot",\s+"keyId": "[0-9a-f]{64}",\s+"threshold": 1,\s+"here": true/)
  expect(text).toContain('code: NAME_UNKNOWN')
  expect(text).toContain('code: CHANNEL_UNKNOWN')
})
