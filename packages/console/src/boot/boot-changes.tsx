import type { Boot } from '@holotype/server/api'
import type { BootDifference } from '../lib/boot.ts'
import { LONG_LIST } from '../limits.ts'
import { FirstOf } from '../ui/first-of.tsx'
import { Section } from '../ui/page.tsx'
import { ShapeIcon } from '../ui/shape.tsx'
import { Text } from '../ui/text.tsx'

interface BootChangesProps {
  readonly difference: BootDifference
  readonly select: (unit: string) => void
}

/** What starts otherwise than in the other image. */
export function BootChanges({ difference, select }: BootChangesProps) {
  const { added, removed, orderAdded, orderRemoved } = difference
  const lines = [
    ...[...added].map((unit) => ({ sign: '+', words: 'starts', unit, text: unit })),
    ...removed.map((text) => ({ sign: '−', words: 'starts no longer', unit: undefined, text })),
    ...orderAdded.map((text) => ({ sign: '+', words: 'now', unit: text.split(' ')[0], text })),
    ...orderRemoved.map((text) => ({ sign: '−', words: 'no longer', unit: text.split(' ')[0], text })),
  ]
  return (
    <Section title="Changed since">
      {lines.length === 0 ? (
        <p className="quiet-line">The same starts in the same order.</p>
      ) : (
        <FirstOf all={lines} count={LONG_LIST} noun="change">
          {(shown) => (
            <ul className="boot-changes">
              {shown.map(({ sign, words, unit, text }) => (
                <li key={`${words} ${text}`} className={sign === '+' ? 'added' : 'removed'}>
                  {sign} {words}{' '}
                  {unit === undefined ? (
                    <Text>{text}</Text>
                  ) : (
                    <button type="button" className="link" onClick={() => select(unit)}>
                      <Text>{text}</Text>
                    </button>
                  )}
                </li>
              ))}
            </ul>
          )}
        </FirstOf>
      )}
    </Section>
  )
}

/** Cycles, what is required and missing, and what is wanted and passed over. */
export function BootProblems({ order }: { readonly order: Boot['order'] }) {
  const { problems, absent } = order
  return (
    <>
      {problems.length === 0 ? null : (
        <ul className="boot-problems" aria-label="Problems of the order">
          {problems.map(({ kind, what }) => (
            <li key={`${kind} ${what}`}>
              <ShapeIcon shape="cross" tone="bad" /> <strong>{kind === 'cycle' ? 'Cycle' : 'Missing'}</strong>{' '}
              <Text>{what}</Text>
            </li>
          ))}
        </ul>
      )}
      {absent.length === 0 ? null : (
        <details className="muted">
          <summary>{absent.length} wanted and not in the image: the boot passes them over</summary>
          <ul>
            {absent.map((line) => (
              <li key={line}>
                <Text>{line}</Text>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}
