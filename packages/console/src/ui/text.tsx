import { visible } from '../lib/visible.ts'

interface TextProps {
  readonly children: string
  readonly className?: string
  readonly title?: string
}

/** Text that came from outside: kept from turning the direction of what stands around it, hidden characters shown. */
export function Text({ children, className, title }: TextProps) {
  return (
    <bdi className={className} title={title}>
      {visible(children)}
    </bdi>
  )
}
