import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProgressEvent } from '../progress.ts'
import { painter } from '../text/colour.ts'
import { displayWidth } from '../text/width.ts'
import { jsonRenderer } from './json.ts'
import { lineRenderer } from './lines.ts'
import { createRenderer } from './renderer.ts'
import { terminalRenderer } from './terminal.ts'

const plain = painter(false)

/** A terminal that understands what the renderer writes: enough to see what a person is left with. */
function fakeTerminal(columns: number, rows = 24) {
  const screen: string[] = ['']
  let row = 0
  let column = 0
  let widest = 0
  return {
    columns,
    rows,
    write(text: string) {
      for (const [token] of text.matchAll(/\u001b\[(\d*)([A-Za-z])|\r|\n|[^\u001b\r\n]+/g)) {
        const up = /^\u001b\[(\d+)A$/.exec(token)
        if (token === '\r') column = 0
        else if (token === '\n') {
          row++
          column = 0
          screen[row] ??= ''
        } else if (up) row -= Number(up[1])
        else if (token === '\u001b[J') {
          screen[row] = (screen[row] ?? '').slice(0, column)
          screen.length = row + 1
        } else if (token.startsWith('\u001b[')) continue
        else {
          screen[row] = (screen[row] ?? '').slice(0, column) + token
          column += token.length
          widest = Math.max(widest, displayWidth(screen[row] ?? ''))
        }
        if (row < 0) throw new Error('the cursor left the screen')
      }
    },
    shown: () => screen,
    widest: () => widest,
  }
}

describe('the terminal renderer', () => {
  test('keeps a line per finished task and nothing of the live region', () => {
    const terminal = fakeTerminal(60)
    let time = 0
    const renderer = terminalRenderer(terminal, plain, () => (time += 1000))
    renderer.progress({ kind: 'begin', task: 1, title: 'fetch', total: 2048, unit: 'bytes' })
    renderer.progress({ kind: 'begin', task: 2, title: 'unpack', total: 10, unit: 'packages' })
    renderer.progress({ kind: 'advance', task: 1, done: 1024, note: 'nginx' })
    renderer.progress({ kind: 'advance', task: 2, done: 5 })
    expect(terminal.shown()).toEqual([
      '  fetch  ━━━━━━━━━━──────────  1.00 KiB of 2.00 KiB  nginx',
      '  unpack  ━━━━━━━━━━──────────  5 of 10 packages',
    ])
    renderer.progress({ kind: 'note', level: 'warning', text: 'slow mirror' })
    renderer.progress({ kind: 'end', task: 1, ms: 1200, outcome: 'done', note: '2 packages' })
    renderer.progress({ kind: 'end', task: 2, ms: 20, outcome: 'failed' })
    renderer.close()
    expect(terminal.shown()).toEqual([
      '! warning: slow mirror',
      '✓ fetch  1.2 s, 2 packages',
      '✗ failed: unpack  20 ms',
      '',
    ])
  })

  test('never wraps a live line, never leaves debris, whatever happens', () => {
    const task = fc.integer({ min: 1, max: 12 })
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 200 })
    const event: fc.Arbitrary<ProgressEvent> = fc.oneof(
      fc.record({ kind: fc.constant('begin'), task, title: text, total: fc.nat(100) }),
      fc.record({ kind: fc.constant('advance'), task, done: fc.nat(1000), note: text }),
      fc.record({ kind: fc.constant('end'), task, ms: fc.nat(), outcome: fc.constantFrom('done', 'failed') }),
    )
    fc.assert(
      fc.property(
        fc.array(event),
        fc.integer({ min: 4, max: 100 }),
        fc.integer({ min: 3, max: 12 }),
        (events, columns, rows) => {
          const terminal = fakeTerminal(columns, rows)
          let time = 0
          const renderer = terminalRenderer(terminal, plain, () => (time += 1000))
          for (const one of events) {
            renderer.progress(one)
            const live = terminal.shown().filter((line) => line.startsWith('  '))
            for (const line of live) expect(displayWidth(line)).toBeLessThan(columns)
            expect(live.length).toBeLessThan(rows)
          }
          renderer.close()
          for (const line of terminal.shown()) expect(line === '' || /^[✓✗]/.test(line)).toBe(true)
        },
      ),
    )
  })

  test('erases all rows of a region that a narrowed terminal has wrapped', () => {
    const written: string[] = []
    const output = { columns: 80, rows: 24, write: (text: string) => void written.push(text) }
    const renderer = terminalRenderer(output, plain, () => 0)
    renderer.progress({ kind: 'begin', task: 1, title: 'x'.repeat(70) })
    output.columns = 40
    renderer.close()
    expect(written.at(-1)).toBe('\r\u001b[1A\u001b[J')
  })

  test('lets no escape of foreign text through', () => {
    const terminal = fakeTerminal(80)
    const renderer = terminalRenderer(terminal, plain, () => 0)
    renderer.progress({ kind: 'begin', task: 1, title: 'evil\u001b[2J\nname' })
    renderer.close()
    renderer.progress({ kind: 'end', task: 1, ms: 1, outcome: 'done' })
    expect(terminal.shown()[0]).toBe('✓ evil\ufffd[2J name  1 ms')
  })
})

describe('the line renderer', () => {
  test('prints begin, end, and long tasks now and then', () => {
    let out = ''
    let time = 0
    const renderer = lineRenderer({ write: (text) => (out += text) }, plain, () => time)
    renderer.progress({ kind: 'begin', task: 1, title: 'fetch', total: 3, unit: 'packages' })
    time = 9_000
    renderer.progress({ kind: 'advance', task: 1, done: 1 })
    time = 11_000
    renderer.progress({ kind: 'advance', task: 1, done: 2, note: 'nginx' })
    renderer.progress({ kind: 'advance', task: 1, done: 3 })
    renderer.progress({ kind: 'end', task: 1, ms: 11_500, outcome: 'done' })
    renderer.progress({ kind: 'note', level: 'info', text: 'over' })
    expect(out).toBe('· fetch\n· fetch: 2 of 3 packages: nginx\n✓ fetch (11.5 s)\ni over\n')
    expect(stripVTControlCharacters(out)).toBe(out)
  })
})

describe('the JSON renderer', () => {
  test('prints one document a line, without control characters', () => {
    let out = ''
    const renderer = jsonRenderer({ write: (text) => (out += text) })
    renderer.progress({ kind: 'begin', task: 1, title: 'a\nb\u001b' })
    renderer.progress({ kind: 'end', task: 1, ms: 5, outcome: 'done' })
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(lines).toEqual([
      { event: 'begin', task: 1, title: 'a\nb\ufffd' },
      { event: 'end', task: 1, ms: 5, outcome: 'done' },
    ])
  })
})

test('quiet prints nothing', () => {
  let out = ''
  const renderer = createRenderer({ write: (text) => (out += text) }, { style: 'quiet', paint: plain })
  renderer.progress({ kind: 'note', level: 'warning', text: 'x' })
  renderer.close()
  expect(out).toBe('')
})
