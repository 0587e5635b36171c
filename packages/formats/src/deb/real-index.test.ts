import { readdirSync } from 'node:fs'
import { run } from '@holotype/base'
import { expect, test } from 'vitest'
import { parseStanzas, renderStanza } from './control.ts'
import { parseDependencies, renderDependencies } from './relation.ts'

const LISTS = '/var/lib/apt/lists'
const HELPER = '/usr/lib/apt/apt-helper'
const RELATIONS = new Set([
  'Depends',
  'Pre-Depends',
  'Recommends',
  'Suggests',
  'Enhances',
  'Provides',
  'Conflicts',
  'Breaks',
  'Replaces',
])

const lists = (() => {
  try {
    return readdirSync(LISTS).filter((name) => /_Packages(\.lz4|\.xz|\.gz)?$/.test(name))
  } catch {
    return []
  }
})()

/** In canonical form no line ends in blanks; one empty line ends each stanza. Debian's own indexes are so, but for a few blanks. */
const canonical = (text: string) => text.replaceAll(/[ \t]+$/gm, '')

test.skipIf(lists.length === 0)(
  `this machine's own indexes are rewritten byte by byte, with every dependency field${lists.length === 0 ? ' (skipped: apt has no lists here)' : ''}`,
  { timeout: 60_000 },
  async () => {
    for (const list of lists) {
      const { stdout } = await run([HELPER, 'cat-file', `${LISTS}/${list}`], { maxOutputBytes: 1e9 })
      const text = stdout.toString('utf8')
      const seen = new Set<string>()
      const rendered: string[] = []
      for (const stanza of parseStanzas(text)) {
        rendered.push(renderStanza(stanza), '\n')
        for (const [name, value] of stanza) {
          // What stands there twice is read twice the same.
          if (!RELATIONS.has(name) || seen.has(value)) continue
          seen.add(value)
          const parsed = parseDependencies(value)
          const again = renderDependencies(parsed)
          if (again !== value) expect(parseDependencies(again)).toEqual(parsed)
          expect(parsed.length, value).toBeGreaterThan(0)
        }
      }
      expect(rendered.join('') === canonical(text), list).toBe(true)
    }
  },
)
