import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@holotype/store'
import { describe, expect, it } from 'vitest'
import type { AdvisoryChange, LostSoname } from '../types.ts'
import type { KnownAdvisory } from './advisories.ts'
import { diffImages } from './diff-images.ts'
import { storeImage, type SyntheticImage } from './testing/synthetic-image.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const directory = temporaryDirectory()
const store = openStore(join(directory, 'store'))
const why = existsSync('/usr/bin/gcc') ? '' : ', skipped, because gcc is not here'

/** A library of a soname, linked with the others whose files lie in the directory. */
function library(soname: string, needed: readonly string[] = []): Buffer {
  const [source, out] = [join(directory, 'empty.c'), join(directory, soname)]
  writeFileSync(source, '')
  const links = needed.map((name) => `-l:${name}`)
  const words = ['-shared', '-nostdlib', '-Wl,--no-as-needed', `-Wl,-soname,${soname}`, `-L${directory}`]
  execFileSync('gcc', [...words, '-o', out, source, ...links], { stdio: 'pipe' })
  return readFileSync(out)
}

function lost(before: SyntheticImage, after: SyntheticImage): readonly LostSoname[] {
  return diffImages(store, storeImage(store, before), storeImage(store, after)).diff.sonames
}

describe(`sonames that lose their provider${why}`, () => {
  const image = (...libraries: readonly (readonly [owner: string, path: string, bytes: Buffer])[]): SyntheticImage => ({
    packages: libraries.map(([name, path, bytes]) => ({
      name,
      version: '1',
      files: { [`usr/lib/${path}`]: { content: bytes, mode: 0o644 } },
    })),
  })

  it.skipIf(why !== '')('are named with who needs them and who had them', () => {
    const [old, next] = [library('liba.so.1'), library('liba.so.2')]
    const needs = library('libneeds.so.1', ['liba.so.1'])
    const user = library('libuser.so.1', ['libneeds.so.1'])
    const rest = [
      ['needs', 'libneeds.so.1', needs],
      ['user', 'libuser.so.1', user],
    ] as const
    const before = image(['liba', 'liba.so.1', old], ...rest)
    expect(lost(before, image(['liba', 'liba.so.2', next], ...rest))).toEqual([
      {
        soname: 'liba.so.1',
        neededBy: [{ package: 'needs', paths: ['/usr/lib/libneeds.so.1'] }],
        providedBefore: ['liba'],
      },
    ])
    // Another package may have it, and a need that was never met is not lost.
    expect(lost(before, image(['other', 'liba.so.1', old], ...rest))).toEqual([])
    expect(lost(image(...rest), { ...image(...rest), files: { x: 'x' } })).toEqual([])
  })
})

describe('advisories', () => {
  const advisory = (rest: Partial<KnownAdvisory>): KnownAdvisory => ({
    id: 'DSA-1',
    title: 'a hole',
    severity: 'high',
    package: 'openssl',
    ...rest,
  })
  const image = (version?: string): SyntheticImage => ({
    packages: version === undefined ? [] : [{ name: 'libssl3', source: 'openssl', version }],
  })
  const changes = (before: string | undefined, after: string | undefined, ...advisories: readonly KnownAdvisory[]) =>
    diffImages(store, storeImage(store, image(before)), storeImage(store, image(after)), {
      advisories,
    }).diff.advisories?.map(({ change, id }: AdvisoryChange) => `${change} ${id}`)

  it.each([
    ['3.0.1-1', '3.0.2-1', advisory({ fixed: '3.0.2-1' }), ['fixed DSA-1']],
    ['3.0.2-1', '3.0.1-1', advisory({ fixed: '3.0.2-1' }), ['brought DSA-1']],
    ['3.0.1-1', '3.0.2~rc1-1', advisory({ fixed: '3.0.2-1' }), []],
    ['1.1.1-1', '3.0.1-1', advisory({ introduced: '3.0.0-1', fixed: '3.0.2-1' }), ['brought DSA-1']],
    ['3.0.1-1', undefined, advisory({}), ['fixed DSA-1']],
    [undefined, '3.0.1-1', advisory({}), ['brought DSA-1']],
    ['3.0.1-1', '3.0.2-1', advisory({}), []],
    ['3.0.1-1', '3.0.2-1', advisory({ package: 'other', fixed: '3.0.2-1' }), []],
  ] as const)('from %s to %s of %o are %j', (before, after, known, expected) => {
    expect(changes(before, after, known)).toEqual(expected)
  })

  it('put what is brought first', () => {
    const both = [advisory({ fixed: '2' }), advisory({ id: 'DSA-2', introduced: '2' })]
    expect(changes('1', '3', ...both)).toEqual(['brought DSA-2', 'fixed DSA-1'])
  })
})
