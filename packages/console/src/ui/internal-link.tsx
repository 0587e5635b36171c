import { useRouter } from '@tanstack/react-router'
import type { MouseEvent, ReactNode } from 'react'

/** Whether an address the server sent stays in this application: an absolute path, no other host, no script. */
export function isInternal(href: string): boolean {
  return /^\/(?![/\\])[^\\]*$/.test(href)
}

interface InternalLinkProps {
  readonly href: string
  readonly className?: string
  /** Whether `j` and `k` stop here. */
  readonly row?: boolean
  readonly children: ReactNode
}

/** A link to an address that came with the data. One that would leave the console is shown as text. */
export function InternalLink({ href, className, row = false, children }: InternalLinkProps) {
  const router = useRouter()
  if (!isInternal(href)) return <span className={className}>{children}</span>
  const follow = (event: MouseEvent): void => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return
    event.preventDefault()
    router.history.push(href)
  }
  return (
    <a href={href} className={className} data-row={row ? '' : undefined} onClick={follow}>
      {children}
    </a>
  )
}
