import type { ImageDiff } from '@holotype/image'
import { Link } from '@tanstack/react-router'
import { Section } from '../ui/page.tsx'
import { TextDiff } from './text-diff.tsx'

/** What starts otherwise, and the way to the whole order. */
export function BootOrder({ diff }: { readonly diff: Pick<ImageDiff, 'from' | 'to' | 'bootOrder'> }) {
  const { from, to, bootOrder = [] } = diff
  if (bootOrder.length === 0) return null
  return (
    <div id="boot">
      <Section
        title="Order of start"
        aside={
          <Link to="/images/$image/boot" params={{ image: to.image }} search={{ from: from.image }}>
            The whole order, drawn
          </Link>
        }
      >
        <TextDiff text={bootOrder.join('\n')} label="What changes in the order of start" />
      </Section>
    </div>
  )
}
