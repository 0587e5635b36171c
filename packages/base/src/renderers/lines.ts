import type { Painter } from '../text/colour.ts'
import { LINE_RENDERER_INTERVAL_MS } from '../limits.ts'
import type { Renderer, RendererOutput } from './renderer.ts'
import { amountOf, closingOf, oneLine, taskTable } from './tasks.ts'

/**
 * Progress for a log: a line when a task begins, one when it ends, and for long ones a line now and then between. Never moves the cursor.
 */
export function lineRenderer(output: RendererOutput, paint: Painter, now = () => performance.now()): Renderer {
  const tasks = taskTable()
  const lastShown = new Map<number, number>()
  return {
    progress(event) {
      const task = tasks.apply(event)
      switch (event.kind) {
        case 'note':
          output.write(`${noteMark(event.level, paint)} ${oneLine(event.text)}\n`)
          return
        case 'begin':
          lastShown.set(event.task, now())
          output.write(`${paint.dim('·')} ${task?.title ?? ''}\n`)
          return
        case 'advance': {
          if (!task || now() - (lastShown.get(event.task) ?? 0) < LINE_RENDERER_INTERVAL_MS) return
          lastShown.set(event.task, now())
          output.write(
            `${paint.dim('·')} ${[task.title, amountOf(task), task.note ?? ''].filter((part) => part !== '').join(': ')}\n`,
          )
          return
        }
        case 'end':
          lastShown.delete(event.task)
          if (task) output.write(`${outcomeMark(event.outcome, paint)} ${task.title} (${closingOf(task, event.ms)})\n`)
      }
    },
    close: () => {},
  }
}

/** Shape and word tell, colour only helps. */
export function outcomeMark(outcome: 'done' | 'failed', paint: Painter): string {
  return outcome === 'done' ? paint.green('✓') : paint.red('✗ failed:')
}

export function noteMark(level: 'info' | 'warning', paint: Painter): string {
  return level === 'info' ? paint.cyan('i') : paint.yellow('! warning:')
}
