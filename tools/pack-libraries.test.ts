import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../packages/base/src/index.ts'
import { LIBRARIES, packLibraries } from './pack-libraries.ts'

const ROOT = join(import.meta.dirname, '..')

let place: string
beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'holotype-libraries-'))
  const archives = await packLibraries(join(place, 'packed'))
  // As npm lays them out; what they depend on is that of this checkout.
  const modules = join(place, 'app/node_modules')
  for (const [index, library] of LIBRARIES.entries()) {
    const to = join(modules, '@holotype', library)
    mkdirSync(to, { recursive: true })
    await run(['tar', '-xzf', archives[index] ?? '', '-C', to, '--strip-components=1'])
  }
  for (const name of ['zod', 'yaml', '@napi-rs', '@types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  writeFileSync(join(place, 'app/package.json'), '{ "type": "module" }')
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const PROGRAM = `import { type Format, formats } from '@holotype/formats'
import { resolve } from '@holotype/solver'
const all: readonly Format[] = Object.values(formats)
const order: -1 | 0 | 1 = formats.rpm.compareVersions('1.0~rc1-1', '1.0-1')
console.log(all.map(({ name, compareVersions }) => name + compareVersions('1.0-1', '1.10-1')).join(' '), order, typeof resolve)
`

test('a project of others uses them: plain JavaScript for Node, declarations for the compiler', async () => {
  const file = join(place, 'app/app.ts')
  writeFileSync(file, PROGRAM)
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--strict',
    '--types',
    'node',
    '--skipLibCheck',
    'false',
  ]
  await run([join(ROOT, 'node_modules/.bin/tsc'), ...options, file], { cwd: join(place, 'app') })
  const { stdout } = await run([process.execPath, '--no-strip-types', join(place, 'app/app.js')])
  expect(stdout.toString()).toBe('alpm-1 deb-1 rpm-1 xbps-1 -1 function\n')
})

test('they hold no test and no fixture', async () => {
  const { stdout } = await run(['find', join(place, 'app/node_modules/@holotype'), '-name', '*test*'])
  expect(stdout.toString()).toBe('')
})
