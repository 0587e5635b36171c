import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { InMemory } from '../archive/content.ts'
import { CONTROL_BYTES } from '../limits.ts'
import { readWhole } from '../testing/payloads.ts'
import { scratch } from '../testing/tools.ts'
import { alpm } from './index.ts'
import { writePax, TAR_END } from './tar-pax.ts'
import { sampleFields } from './testing.ts'

const root = { mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000 }

function file(path: string, text = 'x'): InMemory {
  const bytes = Buffer.from(text)
  return { ...root, path, type: 'file', size: bytes.length, bytes }
}

const PKGINFO = sampleFields('sample', '1.0-1')
  .map(([name, value]) => `${name} = ${value}\n`)
  .join('')

/** Reads a package made of these members, whatever they are. */
async function read(members: readonly InMemory[]): ReturnType<typeof readWhole> {
  using directory = scratch()
  writeFileSync(directory.at('p'), gzipSync(Buffer.concat([writePax(members), TAR_END])))
  // The directory must outlast the reading.
  return await readWhole(alpm, directory.at('p'))
}

const info = file('.PKGINFO', PKGINFO)

test('metadata in any order before the files, an unknown one among it', async () => {
  const { payload, file: found } = await read([
    info,
    file('.FUTURE', 'later'),
    file('.INSTALL', 'post_remove() { :; }'),
    file('usr'),
  ])
  expect(payload.map(({ path }) => path)).toEqual(['usr'])
  expect([...found.control.keys()]).toEqual(['.PKGINFO', '.FUTURE', '.INSTALL'])
  expect(found.scripts.map(({ name }) => name)).toEqual(['post_remove'])
})

test('what pacman passes over is no part of the payload', async () => {
  const dot: InMemory = { ...root, path: '.hidden', type: 'directory', size: 0 }
  const { payload } = await read([info, dot, file('.hidden/x'), file('usr'), file('.hidden/y')])
  expect(payload.map(({ path }) => path)).toEqual(['usr'])
})

test('comments and empty lines of a .PKGINFO are passed over; a value may hold an equals sign', async () => {
  const text = `# made by hand\n\n${PKGINFO}depend=a>=1\n  provides  =  b=2  \n`
  const { file: found } = await read([file('.PKGINFO', text)])
  expect(found.fields.slice(-2)).toEqual([
    ['depend', 'a>=1'],
    ['provides', 'b=2'],
  ])
})

test.each([
  ['no .PKGINFO', [file('.BUILDINFO'), file('usr')], /holds no .PKGINFO/],
  ['a second .PKGINFO', [info, info], /\.PKGINFO stands in it twice/],
  ['a .PKGINFO behind the files', [file('.BUILDINFO'), file('usr'), info], /\.PKGINFO stands behind/],
  ['an .INSTALL behind the files', [info, file('usr'), file('.INSTALL')], /\.INSTALL stands behind/],
  ['a path that leads out', [info, file('usr/../../etc/passwd')], /leads outside/],
  ['an absolute path', [info, file('/etc/passwd')], /leads outside/],
  [
    'a file below a link',
    [info, { ...file('usr'), type: 'symlink', target: '/etc', size: 0 }, file('usr/x')],
    /below usr/,
  ],
  ['a line that is no field', [file('.PKGINFO', `${PKGINFO}what\n`)], /line 11 of .PKGINFO/],
  ['a name that leads out', [file('.PKGINFO', PKGINFO.replace('pkgname = sample', 'pkgname = ../x'))], /no pkgname/],
  ['a version without pkgrel', [file('.PKGINFO', PKGINFO.replace('1.0-1', '1.0'))], /pkgver-pkgrel/],
  ['a version with a slash', [file('.PKGINFO', PKGINFO.replace('1.0-1', '1/0-1'))], /pkgver-pkgrel/],
  ['no architecture', [file('.PKGINFO', PKGINFO.replace('arch = x86_64', ''))], /architecture/],
  ['a size that is none', [file('.PKGINFO', PKGINFO.replace('12345', '1e9'))], /"1e9" is no size/],
  ['a malformed dependency', [file('.PKGINFO', `${PKGINFO}depend = a>\n`)], /no relation/],
] as const)('a package with %s is refused', async (_, members, what) => {
  const failure = read(members)
  await expect(failure).rejects.toMatchObject({ code: 'PACKAGE_MALFORMED' })
  await expect(failure).rejects.toThrow(what)
})

test('metadata over its limit is refused before it is held', async () => {
  const zeros = Buffer.alloc(CONTROL_BYTES)
  const member: InMemory = { ...root, path: '.CHANGELOG', type: 'file', size: zeros.length, bytes: zeros }
  await expect(read([info, member])).rejects.toMatchObject({ code: 'PACKAGE_TOO_LARGE' })
})

test('a .PKGINFO of any text is read or refused', async () => {
  const word = fc.constantFrom('pkgname', ' = ', 'depend', '=', '\n', '#', 'a', '>', '1', '\0', 'ü', ': ', 'group')
  await fc.assert(
    fc.asyncProperty(
      fc.array(word).map((words) => words.join('')),
      async (text) => {
        try {
          await read([file('.PKGINFO', `${PKGINFO}${text}`)])
        } catch (error) {
          expect(error).toMatchObject({ code: 'PACKAGE_MALFORMED' })
        }
      },
    ),
  )
})
