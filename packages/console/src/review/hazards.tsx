import type { Hazard } from '@holotype/image'
import { approveCommand } from '../lib/command.ts'
import { counted } from '../lib/format.ts'
import type { Said } from '../lib/review-words.ts'
import { Section } from '../ui/page.tsx'
import { Text } from '../ui/text.tsx'
import { NAMED, StatusWord } from '../ui/word.tsx'
import { CommandLine } from '../ui/command-line.tsx'
import { CommentList } from './comments.tsx'

interface HazardsProps {
  readonly digest: string
  readonly hazards: readonly Hazard[]
  readonly namers: ReadonlyMap<string, readonly string[]>
  readonly said: (about: string) => Said
}

/** The named dangers of the move: each whole, for nobody approves without having named it. */
export function Hazards({ digest, hazards, namers, said }: HazardsProps) {
  if (hazards.length === 0) return null
  const unnamed = hazards.filter(({ id }) => (namers.get(id) ?? []).length === 0).length
  return (
    <div id="hazards" className="findings">
      <Section
        title="Hazards"
        aside="An approval names each that it accepts; until somebody has, this change is not approved."
      >
        <ul className="finding-list">
          {hazards.map((hazard) => (
            <li key={hazard.id} className="finding">
              <HazardBody digest={digest} hazard={hazard} named={namers.get(hazard.id) ?? []} isOnly={unnamed === 1} />
              <Readers readers={said(`hazard:${hazard.id}`).readers} />
              <CommentList comments={said(`hazard:${hazard.id}`).comments} />
            </li>
          ))}
        </ul>
      </Section>
    </div>
  )
}

interface HazardBodyProps {
  readonly digest: string
  readonly hazard: Hazard
  readonly named: readonly string[]
  /** Whether naming it is all that an approval has to name: one that leaves another unnamed out is refused. */
  readonly isOnly: boolean
}

function HazardBody({ digest, hazard, named, isOnly }: HazardBodyProps) {
  const { id, title, happens, todo, evidence, more = 0 } = hazard
  return (
    <>
      <h3 className="finding-title">
        <Text>{title}</Text>{' '}
        <code>
          <Text>{id}</Text>
        </code>
      </h3>
      <dl className="finding-facts">
        <dt>What happens</dt>
        <dd>
          <Text>{happens}</Text>
        </dd>
        <dt>What to do</dt>
        <dd>
          <Text>{todo}</Text>
        </dd>
        <dt>Seen by</dt>
        <dd>
          <ul>
            {evidence.map((line) => (
              <li key={line}>
                <code>
                  <Text>{line}</Text>
                </code>
              </li>
            ))}
            {more === 0 ? null : <li className="muted">and {counted(more, 'line')} more</li>}
          </ul>
        </dd>
      </dl>
      <p className="finding-named">
        {named.length > 0 ? (
          <StatusWord of={NAMED.yes}>
            Named by <Text>{named.join(', ')}</Text>
          </StatusWord>
        ) : (
          <>
            <StatusWord of={NAMED.no} />{' '}
            {isOnly ? (
              <CommandLine command={approveCommand(digest, [id])} digest={digest} what="names it" />
            ) : (
              <span>
                <span className="muted">An approval does with</span>{' '}
                <code>
                  <Text>{`--hazard ${id}`}</Text>
                </code>
              </span>
            )}
          </>
        )}
      </p>
    </>
  )
}

/** Who ticked it, for the others to see. */
export function Readers({ readers }: { readonly readers: readonly string[] }) {
  if (readers.length === 0) return null
  return (
    <p className="readers">
      <span className="muted">Ticked by</span> <Text>{readers.join(', ')}</Text>
    </p>
  )
}
