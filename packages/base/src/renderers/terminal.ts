import { TERMINAL_FALLBACK_COLUMNS, TERMINAL_INTERVAL_MS, TERMINAL_LIVE_LINES } from '../limits.ts'
import type { Painter } from '../text/colour.ts'
import { displayWidth, truncate } from '../text/width.ts'
import { noteMark, outcomeMark } from './lines.ts'
import type { Renderer, RendererOutput } from './renderer.ts'
import { amountOf, closingOf, type LiveTask, oneLine, taskTable } from './tasks.ts'

/*
 * What a person sees: finished tasks stay as lines, running ones stand below them in a live region that is erased and drawn anew.
 *
 * 1. A live line is always shorter than the terminal, so it never wraps, and no part of it is left behind.
 * 2. The region is never higher than the terminal less one line: what has scrolled away cannot be erased.
 * 3. Everything is written in one write per drawing: no flicker, and a killed process leaves at most the region.
 * 4. A narrowed terminal re-wraps what is there: the rows to erase are counted with the width of now.
 * 5. Drawing happens on events as well as on the clock: work that blocks the event loop still shows.
 */

const UP_AND_ERASE_BELOW = (rows: number) => `\r${rows > 1 ? `\u001b[${rows - 1}A` : ''}\u001b[J`
const BAR_COLUMNS = 20

/** Progress on a terminal: a live line with a bar per running task, a lasting line for each finished one. */
export function terminalRenderer(output: RendererOutput, paint: Painter, now = () => performance.now()): Renderer {
  const tasks = taskTable()
  let drawn: number[] = []
  let lastDrawn = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const columns = () => output.columns || TERMINAL_FALLBACK_COLUMNS
  const erase = () => {
    const rows = drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns())), 0)
    drawn = []
    return rows === 0 ? '' : UP_AND_ERASE_BELOW(rows)
  }
  const draw = (lasting: string) => {
    const room = Math.max(1, Math.min(TERMINAL_LIVE_LINES, (output.rows ?? 24) - 2))
    const begin = erase()
    const all = [...tasks.live.values()]
    const shown = all.slice(-room).map((task) => liveLine(task, columns() - 1))
    drawn = shown.map((line) => line.width)
    lastDrawn = now()
    const text = begin + lasting + shown.map((line) => paintLine(line, paint)).join('\n')
    if (text !== '') output.write(text)
    if (tasks.live.size === 0) stop()
  }
  const stop = () => {
    clearInterval(timer)
    timer = undefined
  }
  return {
    progress(event) {
      const task = tasks.apply(event)
      if (event.kind === 'note') return draw(`${noteMark(event.level, paint)} ${oneLine(event.text)}\n`)
      if (!task) return
      if (event.kind === 'end') {
        const closing = paint.dim(closingOf(task, event.ms))
        return draw(`${outcomeMark(event.outcome, paint)} ${task.title}  ${closing}\n`)
      }
      timer ??= setInterval(() => draw(''), TERMINAL_INTERVAL_MS).unref()
      if (now() - lastDrawn >= TERMINAL_INTERVAL_MS) draw('')
    },
    close() {
      stop()
      const text = erase()
      if (text !== '') output.write(text)
    },
  }
}

interface LiveLine {
  readonly title: string
  readonly bar: string
  readonly rest: string
  readonly width: number
}

function liveLine(task: LiveTask, room: number): LiveLine {
  const title = truncate(`  ${task.title}`, room)
  let left = room - displayWidth(title)
  const bar =
    task.total !== undefined && task.total > 0 && left >= BAR_COLUMNS + 3 ? `  ${barOf(task.done / task.total)}` : ''
  left -= displayWidth(bar)
  const words = [amountOf(task), task.note ?? ''].filter((part) => part !== '').join('  ')
  const rest = words === '' || left < 6 ? '' : truncate(`  ${words}`, left)
  return { title, bar, rest, width: displayWidth(title) + displayWidth(bar) + displayWidth(rest) }
}

function paintLine(line: LiveLine, paint: Painter): string {
  return `${line.title}${paint.cyan(line.bar)}${paint.dim(line.rest)}`
}

function barOf(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_COLUMNS)
  return '━'.repeat(filled) + '─'.repeat(BAR_COLUMNS - filled)
}
