import { type RefObject, useLayoutEffect, useRef, useState } from 'react'

/** Pixels from the top of the page to an element: what a list that scrolls with the window must know. Follows what grows above it. */
export function useOffset<T extends HTMLElement>(): readonly [RefObject<T | null>, number] {
  const element = useRef<T>(null)
  const [offset, setOffset] = useState(0)
  useLayoutEffect(() => {
    const measure = (): void => {
      if (element.current !== null) setOffset(Math.round(element.current.getBoundingClientRect().top + window.scrollY))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(document.body)
    return () => observer.disconnect()
  }, [])
  return [element, offset]
}
