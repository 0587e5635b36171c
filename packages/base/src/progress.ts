/**
 * Work reports progress as typed events and never prints; a renderer decides what a person or a program sees.
 * A task begins, may advance, and ends once. Tasks may run side by side, each by its own id.
 */
export type ProgressEvent =
  | {
      readonly kind: 'begin'
      readonly task: number
      readonly title: string
      readonly total?: number
      readonly unit?: ProgressUnit
    }
  | {
      readonly kind: 'advance'
      readonly task: number
      readonly done: number
      readonly total?: number
      readonly note?: string
    }
  | {
      readonly kind: 'end'
      readonly task: number
      readonly ms: number
      readonly outcome: 'done' | 'failed'
      readonly note?: string
    }
  | { readonly kind: 'note'; readonly text: string; readonly level: 'info' | 'warning' }

export type ProgressUnit = 'bytes' | 'packages' | 'files' | 'steps' | 'nodes'

export type Progress = (event: ProgressEvent) => void

/** Progress nobody looks at. */
export const silent: Progress = () => {}

export interface Task {
  /** Absolute amount done so far, in the task's unit. */
  advance(done: number, options?: { readonly total?: number; readonly note?: string }): void
  /** Words added to the closing line. */
  note(text: string): void
}

let lastTask = 0

/** Runs `work` as one task: reports its begin and its end, also when it throws (and throws on). */
export async function runTask<T>(
  progress: Progress,
  begin: { readonly title: string; readonly total?: number; readonly unit?: ProgressUnit },
  work: (task: Task) => Promise<T>,
): Promise<T> {
  const task = ++lastTask
  const start = performance.now()
  let closing: string | undefined
  const end = (outcome: 'done' | 'failed') =>
    progress({
      kind: 'end',
      task,
      ms: Math.round(performance.now() - start),
      outcome,
      ...(closing === undefined ? {} : { note: closing }),
    })
  progress({ kind: 'begin', task, ...begin })
  try {
    const result = await work({
      advance: (done, options) => progress({ kind: 'advance', task, done, ...options }),
      note: (text) => {
        closing = text
      },
    })
    end('done')
    return result
  } catch (error) {
    end('failed')
    throw error
  }
}
