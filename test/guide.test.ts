import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { isErrorCode, run, SYSTEM_PATH } from '@holotype/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/*
 * The pages of the guide, each from an empty folder: its own commands, in its order, on real packages of this machine's sources.
 */

const ROOT = join(import.meta.dirname, '..')
const TIMEOUT_MS = 8 * 60_000
const isRoot = process.getuid?.() === 0

let place: string

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'holotype-guide-'))
  // The database's account must be able to enter: else its data go elsewhere and outlive the test.
  chmodSync(place, 0o755)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

/** The commands of a page as one script that ends at the first that fails, and ends the server it started. */
function script(page: string): string {
  const text = readFileSync(join(ROOT, 'docs/guide', page), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  const sections = blocks.map((block, index) => `echo "=== ${index}"\n${block}`)
  return `set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n${sections.join('\n')}`
}

/** What the commands of a page print. */
async function follow(page: string, timeoutMs = TIMEOUT_MS): Promise<string> {
  const file = join(place, 'guide.sh')
  writeFileSync(file, script(page))
  const { stdout } = await run(['bash', file], {
    cwd: place,
    timeoutMs,
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
  return stdout.toString()
}

describe.skipIf(!isRoot)('the guide (skipped without root: images hold files of many owners)', () => {
  test.skipIf(process.env['BOOT_CHECK'] === undefined)(
    'exports a disk, boots it and promotes it (skipped but in `make boot-check`: minutes where qemu emulates)',
    // Far off: the boot check has its own limits, which a busy machine does not reach sooner.
    { timeout: 6 * 60 * 60_000 },
    async () => {
      const text = await follow('exports.md', 5 * 60 * 60_000)
      expect(text).toMatch(/bios +after a power cut +survived the power cut +passed/)
      expect(text).toMatch(/uefi +after a power cut +survived the power cut +passed/)
      expect(text).toMatch(/bios +before the upgrade +as the image +passed/)
      expect(text).toMatch(/bios +after a power cut in the upgrade +upgrade in place +passed/)
      expect(text).toMatch(/bios +after the upgrade +kernel of the image +passed +6\.12\./)
      expect(text).toMatch(/bios +after the way back +verified +passed/)
      expect(text).toMatch(/bios +after the way back +kernel of the image +passed +6\.1\./)
      expect(text).not.toMatch(/ skipped /)
      expect(text).toMatch(/Signature and comment signature verified/)
      expect(text).toMatch(/current +[0-9a-f]{12}, \d+ files? verified/)
    },
  )

  test('leads from an empty folder to a fleet', { timeout: TIMEOUT_MS }, async () => {
    const text = await follow('first-fleet.md')
    expect(text).toMatch(/composed again\s+base: the same, bit for bit/)
    expect(text).toMatch(/opened\s+wave rest/)
    expect(text).toMatch(/channel base is at its new image/)
    expect(text).toContain('it differs')
    expect(text).toMatch(/\n0 of \d+ paths differ/)
    const motd = readFileSync(join(place, 'acme/node-1/root/etc/motd'), 'utf8')
    expect(motd).not.toContain('by hand')
    expect(readFileSync(join(place, 'acme/node-1/root/usr/bin/less')).length).toBeGreaterThan(0)
  })

  test('keeps a mirror, reads all of it, mends it and removes what nobody needs', { timeout: TIMEOUT_MS }, async () => {
    const text = await follow('mirrors.md')
    expect(text).toMatch(/\.\.\/mirror +serial 1, \d+ files of .* copied/)
    expect(text).toMatch(/\.\.\/mirror +up to date/)
    expect(text).toMatch(/serial 1 → 2, \d+ files/)
    expect(text).toMatch(/repo\/deb stable amd64: no packages, each as its index says/)
    expect(text).toMatch(/kept: a channel leads to it +\d+/)
  })

  test('leads through what can be done on a node', { timeout: TIMEOUT_MS }, async () => {
    const text = await follow('agent.md')
    expect(text).toMatch(/\nwrite \/etc\/app\.conf: 10 B content \(spec\)\n/)
    expect(text).toMatch(/\nrolled-back: .*\nexit 4\none\n/)
    expect(text).toMatch(/node-1 went back to its image before/)
    expect(text).toMatch(/given up: at [0-9a-f]{12}, and held there .*\none\nheld: /)
    expect(text).toMatch(/: it swaps/)
    expect(text).toMatch(/\nreleased\nconverged: .* \d{1,3} bytes fetched.*\nthree\n/)
    expect(text).toMatch(/\/etc\/motd: .*content.* \(spec\)\n/)
    expect(text).toMatch(/kept \/etc\/motd, by a local override: we try another text\n/)
    expect(text).toMatch(/\n0 of \d+ paths differ from [0-9a-f]{12}\n===/)
    expect(text).toMatch(/\nprepared: .*: reboot to activate\n/)
    expect(text).toMatch(/node-2\/a: [0-9a-f]{12}, runs\nroot .*node-2\/b: [0-9a-f]{12}, starts next\n/)
    expect(text).toMatch(/\nthree\nunchanged: .*\nfour\n/)
    expect(text).toMatch(/given up: after a reboot at .*\nthree\n$/)
  })

  test('leads through a review by people and a script', { timeout: TIMEOUT_MS }, async () => {
    const text = await follow('review.md')
    expect(text).toMatch(
      /open: needs 2 approvals, 1 from security, 1 from tests, somebody to name the hazard bond-mac\n/,
    )
    expect(text).toContain('refused\n')
    expect(text).toMatch(/approved: 2 approvals: anna, smoke-test\n/)
    expect(text).toMatch(/on file:\S+bond0\.netdev +is bond0 in the switch's list\? \(anna, /)
    expect(readFileSync(join(place, 'acme/review.html'), 'utf8')).toContain('net@acme.example')
  })

  test('leads through specs from specs, and says whose each thing is', { timeout: TIMEOUT_MS }, async () => {
    const text = await follow('images.md')
    expect(text).toMatch(/profiles\/paris\.yaml:2:1: unknown key "timezon"; did you mean "timezone"\?/)
    expect(text).toMatch(/`files` of the spec has \/etc\/motd {2}images\/base\.yaml:6:3\n/)
    expect(text).toMatch(/\/bin\/sh leads to \/usr\/bin\/sh\n/)
    expect(text).toMatch(/`prune\.man` of the spec leaves out \/usr\/share\/man\/\*\* {2}images\/base\.yaml:4:10\n/)
    expect(text).toMatch(/`users` of the spec adds www {2}images\/web\.yaml:6:10\n/)
    expect(text).toMatch(/\n *\S+ \S+ +\d+ +\S+ +\/usr\/\n/)
    expect(text).toMatch(/libraries {2}\/usr\/lib\/\S+\n +none of \d+ ELF files needs /)
    expect(text).toMatch(/\n\+prune:\n\+ {2}paths:\n\+ {4}- \/usr\/lib\//)
    expect(text).toContain('Nothing was found that the image could do without.')
    expect(text).toMatch(/web asks for \S+ {2}images\/\w+\.yaml:\d+:\d+\n(.* needs .*\n)*.* needs libc6 /)
  })

  test('leads from one image to another step by step', { timeout: TIMEOUT_MS }, async () => {
    const text = await follow('migrate.md')
    expect(text).toMatch(/web \(\d+ deb packages\) becomes next \(\d+ deb packages\)\n/)
    expect(text).toMatch(/\n *\d+ {2}- less \S+\n/)
    expect(text).toMatch(/\n *\d+ {2}\+ nano \S+\n/)
    // The rest of the plan is the plan of the rest.
    const [all = 0, rest = 0] = [...text.matchAll(/\n(\d+) steps?, /g)].map((match) => Number(match[1]))
    expect(rest).toBe(all - 1)
    expect(text.match(/difference [0-9a-f]{12}: /g)).toHaveLength(rest)
  })

  test("leads through repositories of one's own and snapshots of others", { timeout: TIMEOUT_MS }, async () => {
    const text = await follow('repositories.md')
    const at = (path: string) => join(place, 'acme', path)
    expect(text).toMatch(/nothing new .*1 package\n/)
    expect(text).toMatch(/withdrawn +hello /)
    const repository = '.holotype/site/repo'
    await run(['gpg', '--dearmor', '--output', at('key.gpg'), at(`${repository}/key.asc`)], {
      env: { PATH: SYSTEM_PATH, HOME: place },
    })
    await run(['gpgv', '--keyring', at('key.gpg'), at(`${repository}/deb/dists/stable/InRelease`)])
    const index = readFileSync(at(`${repository}/deb/dists/stable/main/binary-amd64/Packages.gz`))
    expect(gunzipSync(index).toString()).toMatch(/^Package: hello$/m)
    // Upstream may change between two of them, so what differs is not asked.
    expect(text).toMatch(/before → after: \d+ → \d+ packages\n/)
    expect(text).toMatch(/before +host .*\d{5}/)
    const pinned = /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? 'no digest'
    expect(readFileSync(at('images/base.lock'), 'utf8')).toContain(pinned)
    expect(text).toContain('Dropped before\nDropped after\njuly is needed\n')
    expect(text).toMatch(/libc6 is in base\n/)
    expect(text).toMatch(/apache2 is not in base\n/)
  })
})
