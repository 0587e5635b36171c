import { relative, utc } from '../lib/time.ts'
import { useNow } from './now.ts'

/** A time relative to now; its UTC time on hover. `never` in place of an absent one. */
export function Ago({ time, never = 'never' }: { readonly time: string | null; readonly never?: string }) {
  const now = useNow()
  if (time === null) return <span className="muted">{never}</span>
  return (
    <time dateTime={time} title={utc(time)} className="ago">
      {relative(time, now)}
    </time>
  )
}
