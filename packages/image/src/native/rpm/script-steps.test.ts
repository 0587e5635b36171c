import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RpmScript } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import { mapOf, unpackedOf } from '../../testing/synthetic.ts'
import { temporaryDirectory } from '../../testing/temporary.ts'
import type { Candidate } from './packages.ts'
import { scriptSteps } from './script-steps.ts'

const directory = temporaryDirectory()
const store = openStore(join(directory, 'store'))
let count = 0

const script = (kind: RpmScript['kind'], more: Partial<RpmScript> = {}): RpmScript => ({
  ...{ kind, program: ['/bin/sh'], text: 'true', flags: 0, conditions: [], priority: 1_000_000 },
  ...more,
})

const packageOf = (
  name: string,
  version: string,
  scripts: readonly RpmScript[],
  paths: readonly string[] = [],
): Candidate => ({
  candidate: unpackedOf(store, { name, version }),
  headers: { header: Buffer.alloc(0), signature: Buffer.alloc(0) },
  ...{ needs: [], gives: [] },
  files: paths.map((path) => ({ path, directory: false, mode: 0o644, owner: 'root', group: 'root', ghost: false })),
  scripts,
})

function steps(packages: readonly Candidate[], paths: readonly string[] = []) {
  const map = mapOf(store, Object.fromEntries(paths.map((path) => [path, 'x'])))
  const own = join(directory, String(++count))
  mkdirSync(own)
  return scriptSteps(packages, { map, directory: own })
}

describe('what rpm runs at an installation', () => {
  test('a trigger is set off by name and version, a program without a text runs by itself', () => {
    const library = packageOf('library', '1.5-1', [script('post', { program: ['/sbin/ldconfig'], text: undefined })])
    const wants = packageOf('wants', '1-1', [
      script('triggerin', { conditions: [{ name: 'library', operator: '>=', version: '1.5' }] }),
      script('triggerin', { conditions: [{ name: 'library', operator: '<', version: '1.5' }] }),
      script('triggerin', { conditions: [{ name: 'other' }] }),
    ])
    const made = steps([library, wants])
    expect(made.steps.map(({ what, argv }) => [what, ...argv])).toEqual([
      ['library 1.5-1: %post', '/sbin/ldconfig'],
      ['wants 1-1: %triggerin', '/bin/sh', '/run/holotype/0', '1', '1'],
    ])
    expect(readFileSync(join(made.binds[0]?.source ?? '', '0'), 'utf8')).toBe('true')
  })

  test('a file trigger is handed the paths that are in the image, not those that were pruned', () => {
    const owner = packageOf('owner', '1-1', [script('transfiletriggerin', { conditions: [{ name: '/usr/share' }] })])
    const files = packageOf('files', '1-1', [], ['usr/share/kept', 'usr/share/pruned', 'usr/lib/other'])
    const [step] = steps([owner, files], ['usr/share/kept', 'usr/lib/other']).steps
    expect(step?.input).toBe('/usr/share/kept\n')
    expect(steps([owner, files], ['usr/lib/other']).steps).toEqual([])
  })

  test("a script in rpm's Lua needs the image's own rpmlua, and is refused by name without", () => {
    const lua = packageOf('lua', '1-1', [script('pre', { program: ['<lua>'] })])
    expect(() => steps([lua])).toThrow("lua 1-1: %pre is written for rpm's own Lua, and the image has no rpmlua")
    expect(steps([lua], ['usr/bin/rpmlua']).steps[0]?.argv).toEqual(['/usr/bin/rpmlua', '/run/holotype/0', '1'])
  })

  test('a script that rpm fills in as it installs is refused by name', () => {
    const filled = packageOf('filled', '1-1', [script('post', { flags: 1 })])
    expect(() => steps([filled])).toThrow('filled 1-1: %post is filled in by rpm as it installs')
  })
})
