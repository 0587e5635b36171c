import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import { openStore, type Store } from '@holotype/store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { authorsOf, noteComposition } from './authors.ts'

let directory: string
let store: Store
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-test-'))
  store = openStore(join(directory, 'store'))
  git('init', '--quiet')
})
afterEach(() => rmSync(directory, { recursive: true }))

function git(...words: string[]): void {
  execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...words], { cwd: directory })
}

const people = new Map([
  ['anna', { roles: [], email: ['Anna@example.org'], script: false }],
  ['bob', { roles: [], email: ['bob@example.org'], script: false }],
])
const [first, second, third] = [digestOf('1'), digestOf('2'), digestOf('3')]

async function compose(image: typeof first, by: string): Promise<void> {
  writeFileSync(join(directory, 'change'), by)
  git('add', 'change')
  git('commit', '--quiet', '--message', 'x', '--author', `${by} <${by}@example.org>`)
  await noteComposition({ actor: 'builder' }, store, { image, distribution: { directory } })
}

const made = (from: typeof first, to: typeof first) => authorsOf({ directory, people }, store, { from, to })

test('a difference is made by all who wrote what lies between its images, whatever was composed on the way', async () => {
  await compose(first, 'cy')
  await compose(second, 'anna')
  await compose(third, 'bob')
  expect(await made(first, third)).toEqual(['anna', 'bob', 'builder'])
  expect(await made(second, third)).toEqual(['bob', 'builder'])
  // Who takes it back makes that.
  expect(await made(third, first)).toEqual(['anna', 'bob', 'builder'])
  // Of an image from elsewhere nobody knows where it stands.
  expect(await made(digestOf('elsewhere'), second)).toEqual(['anna', 'builder', 'cy@example.org'])
  expect(await made(first, digestOf('elsewhere'))).toEqual([])
})
