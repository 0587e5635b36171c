import { cleanText } from '../errors.ts'
import type { ProgressEvent, ProgressUnit } from '../progress.ts'
import { formatBytes, formatDuration } from '../text/quantities.ts'

/** A task that has begun and not ended, as a renderer knows it. */
export interface LiveTask {
  readonly title: string
  readonly unit: ProgressUnit | undefined
  done: number
  total: number | undefined
  note: string | undefined
}

/** Follows the events of all tasks. Returns the task an event is about; an ended one for the last time. */
export function taskTable(): {
  readonly live: ReadonlyMap<number, LiveTask>
  apply(event: ProgressEvent): LiveTask | undefined
} {
  const live = new Map<number, LiveTask>()
  return {
    live,
    apply(event) {
      if (event.kind === 'note') return undefined
      if (event.kind === 'begin') {
        const task = { title: oneLine(event.title), unit: event.unit, done: 0, total: event.total, note: undefined }
        live.set(event.task, task)
        return task
      }
      const task = live.get(event.task)
      if (!task) return undefined
      if (event.kind === 'advance') {
        task.done = event.done
        task.total = event.total ?? task.total
        task.note = event.note === undefined ? task.note : oneLine(event.note)
      } else {
        task.note = event.note === undefined ? undefined : oneLine(event.note)
        live.delete(event.task)
      }
      return task
    },
  }
}

/** What came from outside may hold line breaks and terminal escapes: one line of printable text. */
export function oneLine(text: string): string {
  return cleanText(text).replace(/\s+/g, ' ').trim()
}

/** `12 of 150 packages`, `1.2 MiB of 30.0 MiB`, `17 files`; empty before the first advance of a task without a total. */
export function amountOf(task: LiveTask): string {
  const show = (value: number) => (task.unit === 'bytes' ? formatBytes(value) : String(value))
  const unit = task.unit === undefined || task.unit === 'bytes' ? '' : ` ${task.unit}`
  if (task.total !== undefined) return `${show(task.done)} of ${show(task.total)}${unit}`
  return task.done > 0 ? `${show(task.done)}${unit}` : ''
}

/** The closing words of a task: `1.2 s, 150 packages`. */
export function closingOf(task: LiveTask, ms: number): string {
  return [formatDuration(ms), task.note].filter((part) => part !== undefined && part !== '').join(', ')
}
