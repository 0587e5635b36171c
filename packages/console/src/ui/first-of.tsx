import { type ReactNode, useState } from 'react'
import { counted } from '../lib/format.ts'

interface FirstOfProps<T> {
  readonly all: readonly T[]
  /** How many stand there at first. */
  readonly count: number
  readonly noun: string
  readonly plural?: string
  readonly children: (shown: readonly T[]) => ReactNode
}

/** The beginning of a list, and the rest on request. */
export function FirstOf<T>({ all, count, noun, plural, children }: FirstOfProps<T>) {
  const [whole, setWhole] = useState(false)
  const shown = whole ? all : all.slice(0, count)
  return (
    <>
      {children(shown)}
      {shown.length === all.length ? null : (
        <button type="button" className="button" onClick={() => setWhole(true)}>
          Show all {counted(all.length, noun, plural)}
        </button>
      )}
    </>
  )
}
