import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { mapOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { orderInfo } from './ordered-info.ts'
import type { PathMap } from './path-map.ts'

const store = openStore(temporaryDirectory())
const PATH = 'usr/share/info/dir'
const HEAD = 'File: dir,\tNode: Top\n\n* a line before the menu\n\n* Menu:\n'

function ordered(text: string, owner = 'step:maintainer-scripts'): string {
  const map: PathMap = new Map([...mapOf(store, { [PATH]: text })].map(([path, found]) => [path, { ...found, owner }]))
  orderInfo(map, store)
  const entry = map.get(PATH)?.entry
  if (entry?.type !== 'file') throw new Error('no file')
  expect(entry.size).toBe(store.read(entry.digest).length)
  return store.read(entry.digest).toString('latin1')
}

test('the entries of each section are sorted by name, with the lines that belong to them', () => {
  const made = `${HEAD}
Individual utilities
* dircolors: (coreutils).  Colors.
* diff3: (diffutils).      Three files.
* Dir: (coreutils).
                           List.
* diff: (diffutils).       Two files.

Basics
* b: (b).
* a: (a).
`
  const sorted = `${HEAD}
Individual utilities
* diff: (diffutils).       Two files.
* diff3: (diffutils).      Three files.
* Dir: (coreutils).
                           List.
* dircolors: (coreutils).  Colors.

Basics
* a: (a).
* b: (b).
`
  expect(ordered(made)).toBe(sorted)
  expect(ordered(sorted)).toBe(sorted)
})

test('what a package ships, or is no menu, stays as it is', () => {
  const text = `${HEAD}\nA\n* b: (b).\n* a: (a).\n`
  expect(ordered(text, 'package:texinfo')).toBe(text)
  expect(ordered('* b: (b).\n* a: (a).\n')).toBe('* b: (b).\n* a: (a).\n')
})
