import { useEffect, useState } from 'react'
import { readReviewed, toggled, writeReviewed } from '../lib/reviewed.ts'

/** The reviewed marks of a diff, kept in this browser; marks made in another tab are taken over. */
export function useReviewed(digest: string): readonly [ReadonlySet<string>, (key: string) => void] {
  const [reviewed, setReviewed] = useState(() => readReviewed(localStorage, digest))
  useEffect(() => {
    const listen = (event: StorageEvent): void => {
      if (event.key?.endsWith(digest) === true) setReviewed(readReviewed(localStorage, digest))
    }
    window.addEventListener('storage', listen)
    return () => window.removeEventListener('storage', listen)
  }, [digest])
  const toggle = (key: string): void => {
    const next = toggled(reviewed, key)
    writeReviewed(localStorage, digest, next)
    setReviewed(next)
  }
  return [reviewed, toggle]
}
