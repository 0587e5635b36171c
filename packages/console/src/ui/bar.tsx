import { Fragment } from 'react'

export interface BarPart {
  readonly key: string
  readonly count: number
  /** A colour token's name without `--`. */
  readonly tone: string
  /** Whole words, with the count: `4 converged`. */
  readonly words: string
  /** Drawn hatched, so that it differs without colour. */
  readonly hatched?: boolean
}

/** Shares of a whole side by side. The words stand beside it, drawn by the caller; here they are for assistive technology. */
export function Bar({ parts }: { readonly parts: readonly BarPart[] }) {
  const total = parts.reduce((sum, part) => sum + part.count, 0)
  const words = parts.map((part) => part.words).join(', ')
  return (
    <div className="bar" role="img" aria-label={words === '' ? 'none' : words}>
      {parts.map((part) => (
        <Fragment key={part.key}>
          {part.count === 0 ? null : (
            <span
              className={part.hatched === true ? 'bar-part hatched' : 'bar-part'}
              style={{ flexGrow: part.count / total, background: `var(--${part.tone})` }}
              title={part.words}
            />
          )}
        </Fragment>
      ))}
    </div>
  )
}
