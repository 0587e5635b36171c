import type { ImageDiff } from '@holotype/image'
import { Link } from '@tanstack/react-router'
import { LONG_LIST } from '../limits.ts'
import { FirstOf } from '../ui/first-of.tsx'
import { Section } from '../ui/page.tsx'
import { Text } from '../ui/text.tsx'

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
        <FirstOf all={bootOrder} count={LONG_LIST} noun="change">
          {(shown) => (
            <ul className="boot-lines">
              {shown.map((line) => (
                <li key={line}>
                  <Text>{line}</Text>
                </li>
              ))}
            </ul>
          )}
        </FirstOf>
      </Section>
    </div>
  )
}
