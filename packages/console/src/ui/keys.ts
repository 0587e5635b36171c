import { useEffect, useEffectEvent } from 'react'
import { CHORD_MS } from '../limits.ts'

/** What keys do: `'/'`, `'j'`, or a chord `'g h'`. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>

/** Whether a key press belongs to the field it is typed in, to the browser, or to an open dialog. */
function isTaken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('[role="dialog"]') !== null) return true
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox' && target.type !== 'radio'
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

/** Listens on the whole page while the component is there. Fields being typed in keep their keys. */
export function useKeys(keys: Keys): void {
  const press = useEffectEvent((name: string, event: KeyboardEvent): boolean => {
    const act = keys[name]
    if (act === undefined) return false
    event.preventDefault()
    act(event)
    return true
  })
  useEffect(() => {
    let first: { readonly key: string; readonly at: number } | undefined
    const listen = (event: KeyboardEvent): void => {
      if (isTaken(event)) return
      const chord =
        first !== undefined && event.timeStamp - first.at < CHORD_MS ? `${first.key} ${event.key}` : undefined
      first = undefined
      if (chord !== undefined && press(chord, event)) return
      if (event.key === 'g') first = { key: 'g', at: event.timeStamp }
      else press(event.key, event)
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [])
}

/**
 * `j` and `k` over the links marked `data-row`, in page order: the focus itself moves, so Enter opens and the ring shows where one is.
 * For lists that are wholly drawn; the virtual ones keep a selection in the address.
 */
export function useRowKeys(): void {
  const move = (by: number): void => {
    const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
    const at = rows.findIndex((row) => row === document.activeElement)
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]
    next?.focus()
    next?.scrollIntoView({ block: 'nearest' })
  }
  useKeys({ j: () => move(1), k: () => move(-1) })
}
