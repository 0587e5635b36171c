import { type RefObject, useLayoutEffect, useRef, useState } from 'react'

declare module 'react' {
  interface CSSProperties {
    /** Pixels of the bar that stays on top of a view, for what stays below it. */
    '--toolbar'?: string
  }
}

/** How high an element is, in pixels, whatever makes it higher: a narrower window, more to choose from. */
export function useHeight<T extends HTMLElement>(): readonly [RefObject<T | null>, number] {
  const place = useRef<T>(null)
  const [height, setHeight] = useState(0)
  useLayoutEffect(() => {
    const element = place.current
    if (element === null) return undefined
    const measure = (): void => setHeight(element.offsetHeight)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [place, height]
}
