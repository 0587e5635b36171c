import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { missingIn } from './document-paths.ts'

const ROOT = join(import.meta.dirname, '..')
const DOCUMENTS = ['*.md', 'docs/**/*.md', 'changes/*.md', 'packages/*/*.md', 'examples/**/*.md', 'bench/*.md']

test('what the documents name is there: links, paths, tests', () => {
  const documents = globSync(DOCUMENTS, { cwd: ROOT })
  expect(documents.length).toBeGreaterThan(20)
  expect(documents.flatMap((document) => missingIn(ROOT, document))).toEqual([])
})

test('what is not there is found', () => {
  const root = mkdtempSync(join(tmpdir(), 'holotype-documents-'))
  try {
    mkdirSync(join(root, 'packages/trust/src'), { recursive: true })
    mkdirSync(join(root, 'docs'))
    writeFileSync(join(root, 'packages/trust/src/a.test.ts'), "test('a good name', () => {})\n")
    const lines = [
      '[here](a.md#part) [gone](../gone.md) [away](https://example.org/x)',
      '`trust/src/a.test.ts`: *a good*, *a bad name* and `trust/src/gone/` and `tools/gone.ts`, `image/x` is no path',
      '```\n`tools/in-a-block.ts`\n```',
    ]
    writeFileSync(join(root, 'docs/a.md'), lines.join('\n'))
    expect(missingIn(root, 'docs/a.md')).toEqual([
      'docs/a.md: gone.md',
      'docs/a.md: packages/trust/src/gone/',
      'docs/a.md: tools/gone.ts',
      'docs/a.md: trust/src/a.test.ts has no test “a bad name”',
    ])
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
