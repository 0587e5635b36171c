import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { EntryInput } from '@holotype/store'
import { openStore } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import { entryOf, mapOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { collect } from './collect.ts'
import { applyLayer } from './layer.ts'
import { scriptEffects } from './script-effects.ts'

const base = temporaryDirectory()
const store = openStore(join(base, 'store'))

/** The message of what is refused, or nothing. */
function refused(
  path: string,
  [before, after]: readonly [string | undefined, string | undefined],
  allow: readonly string[] = [],
): string {
  const effects = scriptEffects(allow)
  const entry = (text: string | undefined): EntryInput | undefined =>
    text === undefined ? undefined : entryOf(store, text)
  effects.add({ path, before: entry(before), after: entry(after) })
  try {
    effects.refuse()
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function fileOf(text: string): Extract<EntryInput, { type: 'file' }> {
  const entry = entryOf(store, text)
  if (entry.type !== 'file') throw new Error('no file')
  return entry
}

const WRITTEN = 'maintainer scripts wrote where only packages may: '

describe('what maintainer scripts do', () => {
  test.each([
    ['/usr/bin/backdoor', [undefined, 'x'], 'made'],
    ['/usr/bin/ls', ['ls', 'other'], 'changed'],
    ['/usr/bin/ls', ['ls', undefined], 'removed'],
    ['/usr/bin/ls', ['ls', '-> /tmp/ls'], 'changed'],
    ['/usr/bin/ls', [undefined, '-> busybox'], 'made'],
    ['/usr/lib/libc.so.6', ['-> libc-2.so', '-> /var/libc.so'], 'changed'],
    ['/usr/lib/systemd/system/x.service', [undefined, 'x'], 'made'],
    ['/lib64/x', [undefined, 'x'], 'made'],
    ['/opt/x', [undefined, 'x'], 'made'],
  ] as const)('%s %j is refused', (path, change, what) => {
    expect(refused(path, change)).toBe(`${WRITTEN}${path} (${what})`)
    expect(refused(path, change, [path])).toBe('')
    expect(refused(path, change, ['/**'])).toBe('')
  })

  test.each([
    ['/usr/share/doc/x', 0o755],
    ['/usr/share/man/x', 0o4644],
    ['/boot/x', 0o2644],
    ['/usr/lib/locale/x', 0o645],
  ])('%s that runs is refused, with mode %o', (path, mode) => {
    const effects = scriptEffects([])
    effects.add({ path, before: undefined, after: { ...fileOf('x'), mode } })
    expect(() => effects.refuse()).toThrow(`${WRITTEN}${path} (made)`)
    expect(refused(path, [undefined, 'x'])).toBe('')
  })

  test('below /usr/local there are directories, and one link', () => {
    expect(refused('/usr/local/lib/python3', [undefined, '/'])).toBe('')
    expect(refused('/usr/local/man', [undefined, '-> share/man'])).toBe('')
    expect(refused('/usr/local/bin/ls', [undefined, 'x'])).toContain('(made)')
    expect(refused('/usr/local/bin/ls', [undefined, '-> /tmp/ls'])).toContain('(made)')
  })

  test.each([
    ['/etc/passwd', ['x', 'y']],
    ['/var/lib/dpkg/status', ['x', 'y']],
    ['/usr/bin/awk', [undefined, '-> /etc/alternatives/awk']],
    ['/usr/lib/x86_64-linux-gnu/liba.so.1', [undefined, '-> liba.so.1.2']],
    ['/usr/lib/udev/hwdb.bin', [undefined, 'x']],
    ['/boot/initrd.img-6.1.0-1-amd64', [undefined, 'x']],
    ['/usr/share/new', [undefined, '/']],
    ['/usr/bin/ls', ['ls', 'ls']],
  ] as const)('%s %j is usual', (path, change) => expect(refused(path, change)).toBe(''))
})

describe('a file that a diversion moves', () => {
  const diverted = new Map([['/usr/sbin/halt', '/usr/lib/guard/halt']])
  const effectsOf = (moved: string, from = '/usr/sbin/halt') => {
    const effects = scriptEffects([])
    effects.add({ path: from, before: entryOf(store, 'halt'), after: undefined })
    effects.add({ path: '/usr/lib/guard/halt', before: undefined, after: entryOf(store, moved) })
    return effects
  }

  test('may move as it is', () => {
    expect(() => effectsOf('halt').refuse(diverted)).not.toThrow()
  })

  test.each([
    ['is refused without the diversion', effectsOf('halt'), undefined],
    ['is refused with other bytes', effectsOf('other'), diverted],
    ['is refused from elsewhere', effectsOf('halt', '/usr/sbin/reboot'), diverted],
  ])('%s', (_what, effects, known) => {
    expect(() => effects.refuse(known)).toThrow(/\/usr\/lib\/guard\/halt \(made\)/)
  })
})

test('many are counted', () => {
  const effects = scriptEffects([])
  for (let index = 0; index < 12; index++)
    effects.add({ path: `/usr/bin/x${index}`, before: undefined, after: entryOf(store, 'x') })
  expect(() => effects.refuse()).toThrow(/x9 \(made\) and 2 more$/)
})

test.skipIf(process.getuid?.() !== 0)(
  'a layer with a script in it is refused as a whole (skipped without root: owners)',
  async () => {
    const upper = join(mkdtempSync(join(base, 'upper-')), 'u')
    const scratch = mkdtempSync(join(base, 'scratch-'))
    mkdirSync(upper)
    spawnSync('sh', ['-c', 'mkdir -p usr/bin etc; echo x > usr/bin/new; echo y > etc/new; chmod 2755 usr/bin'], {
      cwd: upper,
    })
    const options = { store, upper, scratch, epoch: 1_700_000_000 }
    const map = () => mapOf(store, { 'usr/bin/ls': 'ls', 'etc/old': 'old' })
    const layer = await collect(options)
    expect(() => applyLayer(map(), layer, { store, allow: [] })).toThrow(`${WRITTEN}/usr/bin/new (made)`)
    const allowed = map()
    applyLayer(allowed, layer, { store, allow: ['/usr/bin/n*'] })
    expect(allowed.get('usr/bin/new')?.owner).toBe('step:maintainer-scripts')
  },
)
