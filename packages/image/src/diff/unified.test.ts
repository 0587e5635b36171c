import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, run } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineEdits } from './line-edits.ts'
import { temporaryDirectory } from './testing/temporary.ts'
import { unifiedDiff } from './unified.ts'

const directory = temporaryDirectory()
const names = { before: '/f', after: '/f' }
const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 })
const text = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', '+x', '-- y', '@@ z'), { maxLength: 40 }), fc.boolean())
  .map(([list, newline]) => list.join('\n') + (newline && list.length > 0 ? '\n' : ''))

/** The length of the longest common subsequence, by the textbook's table. */
function common(a: readonly string[], b: readonly string[]): number {
  let row = b.map(() => 0)
  for (const x of a) {
    const next: number[] = []
    for (const [j, y] of b.entries())
      next.push(x === y ? (row[j - 1] ?? 0) + 1 : Math.max(row[j] ?? 0, next[j - 1] ?? 0))
    row = next
  }
  return row.at(-1) ?? 0
}

describe('lineEdits', () => {
  it('makes the new lines of the old, keeping as many as can be kept', () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const edits = lineEdits(before, after)
        const take = (list: readonly string[], kinds: readonly string[]) =>
          edits.filter(({ kind }) => kinds.includes(kind)).flatMap(({ from, count }) => list.slice(from, from + count))
        expect(take(before, ['keep', 'delete'])).toEqual(before)
        expect(
          edits.flatMap(({ kind, from, count }) =>
            kind === 'delete' ? [] : (kind === 'insert' ? after : before).slice(from, from + count),
          ),
        ).toEqual(after)
        expect(take(before, ['keep']).length).toBe(common(before, after))
      }),
      { numRuns: 300 },
    )
  })

  it('takes a rewrite for one, in bounded time', () => {
    const before = Array.from({ length: 20_000 }, (_, index) => `old ${index}`)
    const after = Array.from({ length: 20_000 }, (_, index) => `new ${index}`)
    const start = process.cpuUsage()
    const edits = lineEdits(['same', ...before, 'end'], ['same', ...after, 'end'])
    expect(edits.map(({ kind, count }) => [kind, count])).toEqual([
      ['keep', 1],
      ['delete', 20_000],
      ['insert', 20_000],
      ['keep', 1],
    ])
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000)
  })
})

describe('unifiedDiff', () => {
  it('is nothing between equal texts, and names a missing side /dev/null', () => {
    expect(unifiedDiff('a\n', 'a\n', names)).toBe('')
    expect(unifiedDiff('', 'a\nb', { before: '/dev/null', after: '/f' })).toBe(
      '--- /dev/null\n+++ /f\n@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file\n',
    )
  })

  it('joins hunks that touch and parts those that do not', () => {
    const before = Array.from({ length: 40 }, (_, index) => `${index}\n`)
    const after = before.map((line, index) => ([5, 12, 30].includes(index) ? 'x\n' : line))
    const hunks = unifiedDiff(before.join(''), after.join(''), names)
      .split('\n')
      .filter((line) => line.startsWith('@@'))
    expect(hunks).toEqual(['@@ -3,14 +3,14 @@', '@@ -28,7 +28,7 @@'])
  })

  it('says how much of a long diff it leaves out', () => {
    const long = unifiedDiff('', 'line\n'.repeat(1000), names)
    expect(long.split('\n').length).toBe(402)
    expect(long).toMatch(/\n# 603 more lines\n$/)
  })

  it('is what patch(1) makes the new text from (skipped where patch is not installed)', async ({ skip }) => {
    mkdirSync(join(directory, 'p'))
    const file = join(directory, 'p/f')
    const available = await run(['patch', '--version']).then(
      () => true,
      (error: unknown) => errnoOf(error) !== 'PROCESS_NOT_FOUND',
    )
    if (!available) return skip('patch is not installed')
    await fc.assert(
      fc.asyncProperty(text, text, async (before, after) => {
        const diff = unifiedDiff(before, after, names)
        if (diff === '') {
          expect(before).toBe(after)
          return
        }
        writeFileSync(file, before)
        await run(['patch', '--quiet', '--posix', '--no-backup-if-mismatch', '-o', `${file}.new`, file], {
          input: diff,
          timeoutMs: 5000,
        })
        expect(readFileSync(`${file}.new`, 'utf8')).toBe(after)
      }),
      { numRuns: 60 },
    )
  })
})
