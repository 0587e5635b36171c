import type { Risk } from '@holotype/image'
import type { ReactNode } from 'react'
import type { Shape } from '../lib/marks.ts'
import { ShapeIcon } from './shape.tsx'

/** A status: a shape and a word, in a colour that only repeats what both say. */
export interface Word {
  readonly shape: Shape
  readonly tone: string
  readonly word: string
}

export const SEVERITY = {
  high: { shape: 'triangle', tone: 'bad', word: 'High' },
  medium: { shape: 'diamond', tone: 'warn', word: 'Medium' },
  low: { shape: 'disc', tone: 'muted', word: 'Low' },
} as const satisfies Record<string, Word>

export const RISK: Readonly<Record<Risk, Word>> = {
  ...SEVERITY,
  none: { shape: 'ring', tone: 'muted', word: 'None' },
}

export const OUTCOME = {
  converged: { shape: 'disc', tone: 'good', word: 'Converged' },
  failed: { shape: 'cross', tone: 'bad', word: 'Failed' },
  new: { shape: 'ring', tone: 'muted', word: 'No run yet' },
} as const satisfies Record<string, Word>

/** A node that its own operator keeps as it is. */
export const HELD = { shape: 'square', tone: 'warn', word: 'Held by its operator' } as const satisfies Word

export const ROLLOUT = {
  running: { shape: 'half', tone: 'accent', word: 'Running' },
  done: { shape: 'disc', tone: 'good', word: 'Done' },
  stopped: { shape: 'square', tone: 'bad', word: 'Stopped' },
} as const satisfies Record<string, Word>

export const VERDICT = {
  open: { shape: 'disc', tone: 'good', word: 'Open' },
  passed: { shape: 'disc', tone: 'good', word: 'Passed' },
  waiting: { shape: 'half', tone: 'warn', word: 'Waiting' },
  failed: { shape: 'cross', tone: 'bad', word: 'Failed' },
} as const satisfies Record<string, Word>

export const REVIEW = {
  open: { shape: 'ring', tone: 'warn', word: 'To review' },
  approved: { shape: 'disc', tone: 'good', word: 'Approved' },
  rejected: { shape: 'cross', tone: 'bad', word: 'Rejected' },
} as const satisfies Record<string, Word>

export const NAMED = {
  yes: { shape: 'disc', tone: 'good', word: 'Named' },
  no: { shape: 'triangle', tone: 'bad', word: 'Nobody has named it' },
} as const satisfies Record<string, Word>

/** A unit that the other image does not start. */
export const NEW_UNIT = { shape: 'square', tone: 'good', word: 'New' } as const satisfies Word

export const ADVISORY = {
  fixed: { shape: 'disc', tone: 'good', word: 'Fixed' },
  brought: { shape: 'triangle', tone: 'bad', word: 'Brought' },
} as const satisfies Record<string, Word>

/** Draws a status; `children` replaces its word. */
export function StatusWord({ of, children }: { readonly of: Word; readonly children?: ReactNode }) {
  return (
    <span className="status-word">
      <ShapeIcon shape={of.shape} tone={of.tone} />
      <span style={{ color: `var(--${of.tone})` }}>{children ?? of.word}</span>
    </span>
  )
}
