import { TEXT_EDITS } from './limits.ts'

/** A run of lines that stand on both sides (`keep`), only before (`delete`) or only after (`insert`). */
export interface Edit {
  readonly kind: 'keep' | 'delete' | 'insert'
  /** Index of the run's first line: in the old text for keep and delete, in the new one for insert. */
  readonly from: number
  readonly count: number
}

/**
 * The fewest line deletions and insertions that make `after` of `before` (Myers, "An O(ND) Difference Algorithm", 1986), deletions first.
 * More than {@link TEXT_EDITS} of them count as a rewrite: everything between the common beginning and end is replaced.
 */
export function lineEdits(before: readonly string[], after: readonly string[]): Edit[] {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head++
  let tail = 0
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  const old = before.slice(head, before.length - tail)
  const next = after.slice(head, after.length - tail)
  const middle = myers(old, next) ?? [
    { kind: 'delete' as const, from: 0, count: old.length },
    { kind: 'insert' as const, from: 0, count: next.length },
  ]
  return [
    { kind: 'keep' as const, from: 0, count: head },
    ...middle.map((edit) => ({ ...edit, from: edit.from + head })),
    { kind: 'keep' as const, from: before.length - tail, count: tail },
  ].filter(({ count }) => count > 0)
}

function myers(old: readonly string[], next: readonly string[]): Edit[] | undefined {
  const most = Math.min(old.length + next.length, TEXT_EDITS)
  // furthest[k + most]: how far along the old text diagonal k was reached; one snapshot per number of edits, for the way back.
  const furthest = new Int32Array(2 * most + 2)
  const rounds: Int32Array[] = []
  for (let edits = 0; edits <= most; edits++) {
    rounds.push(furthest.slice(most - edits, most + edits + 2))
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && at(furthest, most + k - 1) < at(furthest, most + k + 1))
      let x = down ? at(furthest, most + k + 1) : at(furthest, most + k - 1) + 1
      let y = x - k
      while (x < old.length && y < next.length && old[x] === next[y]) {
        x++
        y++
      }
      furthest[most + k] = x
      if (x >= old.length && y >= next.length) return wayBack(rounds, { x: old.length, y: next.length })
    }
  }
  return undefined
}

function wayBack(rounds: readonly Int32Array[], end: { readonly x: number; readonly y: number }): Edit[] {
  const steps: Edit[] = []
  let { x, y } = end
  for (let edits = rounds.length - 1; edits >= 0; edits--) {
    const round = rounds[edits] ?? new Int32Array()
    const k = x - y
    // Snapshot of round `edits` begins at diagonal -edits.
    const down = k === -edits || (k !== edits && at(round, k - 1 + edits) < at(round, k + 1 + edits))
    const fromX = edits === 0 ? 0 : down ? at(round, k + 1 + edits) : at(round, k - 1 + edits)
    const fromY = edits === 0 ? 0 : fromX - (down ? k + 1 : k - 1)
    const kept = edits === 0 ? x : down ? x - fromX : x - fromX - 1
    if (kept > 0) steps.push({ kind: 'keep', from: x - kept, count: kept })
    if (edits > 0)
      steps.push(down ? { kind: 'insert', from: fromY, count: 1 } : { kind: 'delete', from: fromX, count: 1 })
    x = fromX
    y = fromY
  }
  return joined(steps.reverse())
}

/** Neighbouring steps of one kind become one; between two kept runs deletions come before insertions. */
function joined(steps: readonly Edit[]): Edit[] {
  const edits: Edit[] = []
  let pending: Record<'delete' | 'insert', Edit | undefined> = { delete: undefined, insert: undefined }
  const flush = () => {
    edits.push(...[pending.delete, pending.insert].filter((edit) => edit !== undefined))
    pending = { delete: undefined, insert: undefined }
  }
  for (const step of steps) {
    if (step.kind === 'keep') {
      flush()
      edits.push(step)
    } else {
      const before = pending[step.kind]
      pending[step.kind] = before ? { ...before, count: before.count + step.count } : step
    }
  }
  flush()
  return edits
}

function at(array: Int32Array, index: number): number {
  return array[index] ?? 0
}
