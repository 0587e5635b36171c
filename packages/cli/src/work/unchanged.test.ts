import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepResult, unchangedResult } from './unchanged.ts'

let directory = ''
const path = (name: string) => join(directory, name)
const note = () => path('notes/result.json')
const inputs = () => ['file', 'link', 'absent', 'folder'].map(path)
const answer = () => unchangedResult(note(), path('file'))

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-unchanged-'))
  writeFileSync(path('file'), 'one')
  symlinkSync('1', path('link'))
  mkdirSync(path('folder/below'), { recursive: true })
  writeFileSync(path('folder/below/file'), 'one')
  keepResult(note(), inputs(), { packages: 3 })
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('a result stands while all it was made from does', () => {
  expect(answer()).toEqual({ packages: 3 })
  writeFileSync(path('file'), 'one')
  expect(answer()).toEqual({ packages: 3 })
})

test.each([
  ['the bytes of a file', () => writeFileSync(path('file'), 'two')],
  ['the mode of a file', () => chmodSync(path('file'), 0o600)],
  ['the text of a link', () => (rmSync(path('link')), symlinkSync('2', path('link')))],
  ['the bytes of a file in a folder', () => writeFileSync(path('folder/below/file'), 'two')],
  ['a file more in a folder', () => writeFileSync(path('folder/more'), '')],
  ['a file that is gone', () => rmSync(path('file'))],
  ['a file that is new', () => writeFileSync(path('absent'), '')],
  ['the note is cut short', () => writeFileSync(note(), '{"version":"0.1.0","inputs":{')],
  ['the note says something else', () => writeFileSync(note(), '{"version":"0","inputs":{}, "result":1}')],
])('it falls with %s', (_, change) => {
  change()
  expect(answer()).toBeUndefined()
})

test('a result that was not made from the input is none', () => {
  expect(unchangedResult(note(), path('other'))).toBeUndefined()
})
