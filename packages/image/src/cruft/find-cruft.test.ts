import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../diff/testing/temporary.ts'
import { storeImage, type SyntheticFile } from '../diff/testing/synthetic-image.ts'
import { findCruft } from './find-cruft.ts'

/*
 * What is cruft and what is not, by small images. Packages are judged with real package files in `test/cruft.test.ts`: here none are in the store,
 * which the answer says.
 */

const directory = temporaryDirectory()
const store = openStore(join(directory, 'store'))
const gcc = existsSync('/usr/bin/gcc')
const why = gcc ? '' : ' (skipped, because gcc is not here)'

const found = async (packages: Readonly<Record<string, Readonly<Record<string, SyntheticFile | string>>>>) =>
  findCruft(
    store,
    storeImage(store, {
      packages: Object.entries(packages).map(([name, files]) => ({ name, version: '1', files })),
      files: { 'usr/share/doc/README': 'the spec has it' },
    }),
  )

interface Made {
  readonly needed?: readonly string[]
  /** A string that it holds. */
  readonly text?: string
}

/** A library of a soname, linked with the others whose files were made before. */
function library(soname: string, { needed = [], text = '' }: Made = {}): SyntheticFile {
  const key = JSON.stringify([soname, needed, text])
  const known = made.get(key)
  if (known) return known
  const [source, out] = [join(directory, 'made.c'), join(directory, soname)]
  writeFileSync(source, `const char *const made_text = ${JSON.stringify(text)};`)
  const links = needed.map((name) => `-l:${name}`)
  const words = ['-shared', '-nostdlib', '-Wl,--no-as-needed', `-Wl,-soname,${soname}`, `-L${directory}`]
  execFileSync('gcc', [...words, '-o', out, source, ...links], { stdio: 'pipe' })
  const file = { content: readFileSync(out), mode: 0o644 }
  made.set(key, file)
  return file
}

const made = new Map<string, SyntheticFile>()

describe.skipIf(!gcc)(`libraries${why}`, () => {
  test('that no program is linked with, also by way of others, go with the links to them', async () => {
    const inner = library('libinner.so.1')
    const outer = library('libouter.so.2', { needed: ['libinner.so.1'] })
    const used = library('libused.so.1')
    const program = { ...library('tool', { needed: ['libused.so.1'] }), mode: 0o755 }
    const { items, kept, sums } = await found({
      libinner: { 'usr/lib/libinner.so.1': inner },
      libouter: { 'usr/lib/libouter.so.2.0': outer, 'usr/lib/libouter.so.2': { link: 'libouter.so.2.0' } },
      tool: { 'usr/bin/tool': program, 'usr/lib/libused.so.1': used },
    })
    expect(kept).toEqual([])
    expect(Object.fromEntries(items.map(({ what, proof, change }) => [what, [proof, change]]))).toEqual({
      '/usr/lib/libinner.so.1': [
        '/usr/lib/libouter.so.2.0 alone needs libinner.so.1, and nothing needs that; nothing else that is used names libinner; libinner holds nothing else',
        { key: 'prune.paths', add: ['/usr/lib/libinner.so.1'] },
      ],
      '/usr/lib/libouter.so.2.0': [
        'none of 4 ELF files needs libouter.so.2; nothing else that is used names libouter; libouter holds nothing else',
        { key: 'prune.paths', add: ['/usr/lib/libouter.so.2.0', '/usr/lib/libouter.so.2'] },
      ],
    })
    expect(sums).toEqual([{ class: 'libraries', files: 3, bytes: items.reduce((sum, { bytes }) => sum + bytes, 0) }])
  })

  test.each([
    ['by its soname, in a program', 'tool', 'usr/bin/tool', 0o755, 'libplain.so.1'],
    ['without its version, in a plug-in', 'plug.so', 'usr/lib/plug/plug.so', 0o644, '/opt/libplain.so'],
    ['by its stem', 'tool', 'usr/bin/tool', 0o755, 'libplain'],
    ['by a format', 'tool', 'usr/bin/tool', 0o755, 'libpl%s.so%s'],
  ])('that are named %s stay, and what they need', async (_, soname, path, mode, text) => {
    const under = library('libunder.so.1')
    const plain = library('libplain.so.1', { needed: ['libunder.so.1'] })
    const { items, kept } = await found({
      plain: { 'usr/lib/libplain.so.1': plain, 'usr/lib/libunder.so.1': under },
      tool: { [path]: { ...library(soname, { text }), mode } },
    })
    expect(items).toEqual([])
    expect(kept.map(({ what, because }) => [what, because])).toEqual([
      ['/usr/lib/libplain.so.1', `perhaps loaded at run time: named by /${path}`],
      ['/usr/lib/libunder.so.1', '/usr/lib/libplain.so.1 needs it, which is perhaps loaded at run time'],
    ])
  })

  test.each([
    ['a script', 'usr/bin/run', '#!/bin/sh\nLD_PRELOAD=libplain.so.1 true\n', true],
    ['configuration', 'etc/run.conf', 'module = "libplain"\n', true],
    ['a longer name', 'etc/run.conf', 'libplainer.so.1 xlibplain libplain-x libplain_y libplain.conf\n', false],
    ['a format that fits all', 'etc/run.conf', 'lib%s.so %s/lib%s%s.so\n', false],
    ['documentation', 'usr/share/doc/plain/README', 'libplain.so.1\n', false],
    ["the linker's cache", 'etc/ld.so.cache', 'libplain.so.1\n', false],
  ])('that are named in %s', async (_, path, text, stays) => {
    const { items } = await found({ plain: { 'usr/lib/libplain.so.1': library('libplain.so.1'), [path]: text } })
    expect(items.filter((item) => item.class === 'libraries').length).toBe(stays ? 0 : 1)
  })

  test('that only cruft names are cruft, and so are two that name each other', async () => {
    const one = library('libone.so.1', { text: 'libtwo.so.1' })
    const two = library('libtwo.so.1', { text: 'libone.so.1' })
    const { items } = await found({ both: { 'usr/lib/libone.so.1': one, 'usr/lib/libtwo.so.1': two } })
    expect(items.map(({ what }) => what).sort()).toEqual(['/usr/lib/libone.so.1', '/usr/lib/libtwo.so.1'])
  })

  test("outside the linker's directories are plug-ins, and used; where ldconfig is told of a directory they are libraries", async () => {
    const files = { 'opt/x/libplug.so.1': library('libplug.so.1') }
    expect((await found({ plug: files })).items).toEqual([])
    const configured = await found({ plug: { ...files, 'etc/ld.so.conf.d/x.conf': '# own\n/opt/x/ # these\n' } })
    expect(configured.items.map(({ what }) => what)).toEqual(['/opt/x/libplug.so.1'])
  })
})

test('translations and documentation, by package: what the keys of prune leave out, each path once', async () => {
  const { items, untold } = await found({
    git: {
      'usr/share/locale/de/LC_MESSAGES/git.mo': '12345',
      'usr/share/man/de/man1/git.1.gz': '1234',
      'usr/share/man/man1/git.1.gz': '123',
      'usr/share/info/git.info.gz': '12',
      'usr/share/doc/git/README': '1',
      'usr/share/doc/git/copyright': 'stays',
      'usr/lib/git/readme': { link: '../../share/doc/git/README' },
    },
  })
  expect(items.map((item) => [item.class, item.what, item.files, item.bytes])).toEqual([
    ['locales', 'git', 2, 9],
    ['man', 'git', 1, 3],
    ['info', 'git', 1, 2],
    ['docs', 'git', 1, 1],
  ])
  expect(items.at(-1)?.proof).toContain('; /usr/lib/git/readme would lead nowhere')
  expect(untold).toEqual([expect.stringContaining('the store does not have all package files')])
})
