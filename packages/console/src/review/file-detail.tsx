import type { FileChange, FileFacts } from '@holotype/image'
import { lsCells } from '../lib/modes.ts'
import { Text } from '../ui/text.tsx'
import { Details } from './details.tsx'
import { TextDiff } from './text-diff.tsx'

/** A file: who owns it, both lines of `ls -l`, what changes within it, its text's diff. */
export function FileDetail({ change }: { readonly change: FileChange }) {
  return (
    <>
      <dl className="detail-facts">
        <dt>Owner</dt>
        <dd>
          <Text>{change.owner}</Text>
        </dd>
      </dl>
      <Listing before={change.before} after={change.after} />
      {change.details === undefined ? null : (
        <section aria-label="What changes within">
          <h3>
            Within{' '}
            <span className="muted">
              <Text>{change.details.format}</Text>
            </span>
          </h3>
          <Details details={change.details} />
        </section>
      )}
      {change.text !== undefined ? (
        <TextDiff text={change.text} />
      ) : change.change === 'metadata' || change.details !== undefined ? null : (
        <p className="muted">
          {change.change === 'changed'
            ? 'The content differs; it is not text, or too long to show.'
            : 'Its content is not shown.'}
        </p>
      )}
    </>
  )
}

interface ListingProps {
  readonly before: FileFacts | undefined
  readonly after: FileFacts | undefined
}

/** The two lines under each other, what differs marked. */
function Listing({ before, after }: ListingProps) {
  const old = before === undefined ? [] : lsCells(before)
  const young = after === undefined ? [] : lsCells(after)
  const names = (old.length > 0 ? old : young).map((cell) => cell.name)
  const used = names
    .map((name, index) => ({ name, old: old[index]?.value ?? '', young: young[index]?.value ?? '' }))
    .filter((column) => column.old !== '' || column.young !== '')
  const differs = (column: (typeof used)[number]): boolean =>
    before !== undefined && after !== undefined && column.old !== column.young
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Metadata before and after">
      <table className="listing">
        <thead>
          <tr>
            <td />
            {used.map((column) => (
              <th key={column.name} scope="col">
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before === undefined ? null : (
            <tr>
              <th scope="row">before</th>
              {used.map((column) => (
                <td key={column.name}>
                  {differs(column) ? (
                    <del>
                      <Text>{column.old || 'none'}</Text>
                    </del>
                  ) : (
                    <Text>{column.old}</Text>
                  )}
                </td>
              ))}
            </tr>
          )}
          {after === undefined ? null : (
            <tr>
              <th scope="row">after</th>
              {used.map((column) => (
                <td key={column.name}>
                  {differs(column) ? (
                    <ins>
                      <Text>{column.young || 'none'}</Text>
                    </ins>
                  ) : (
                    <Text>{column.young}</Text>
                  )}
                </td>
              ))}
            </tr>
          )}
        </tbody>
      </table>
    </div>
  )
}
