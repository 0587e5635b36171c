import type { FactChange, FileDetails, MemberChange } from '@holotype/image'
import { LONG_LIST } from '../limits.ts'
import { counted, whole } from '../lib/format.ts'
import { FirstOf } from '../ui/first-of.tsx'
import { Text } from '../ui/text.tsx'
import { TextDiff } from './text-diff.tsx'

/** What changes within a file, by what reads its kind: libraries, symbols, hardening, directives, members. */
export function Details({ details }: { readonly details: FileDetails }) {
  const { format, unreadable, facts, members, moreMembers = 0 } = details
  if (unreadable === true || facts.length + members.length === 0) {
    return (
      <p className="muted">
        {format === '' ? null : (
          <>
            <Text>{format}</Text>:{' '}
          </>
        )}
        {unreadable === true ? 'the bytes differ and cannot be read.' : 'the bytes differ in nothing that is read.'}
      </p>
    )
  }
  return (
    <div className="inside">
      <Facts facts={facts} />
      {members.length === 0 ? null : (
        <FirstOf all={members} count={LONG_LIST} noun="member">
          {(shown) => (
            <ul className="members">
              {shown.map((member) => (
                <li key={`${member.change} ${member.path}`}>
                  <Member member={member} />
                </li>
              ))}
            </ul>
          )}
        </FirstOf>
      )}
      {moreMembers === 0 ? null : <p className="muted">and {counted(moreMembers, 'member')} more that differ</p>}
    </div>
  )
}

export function Facts({ facts }: { readonly facts: readonly FactChange[] }) {
  if (facts.length === 0) return null
  return (
    <dl className="inside-facts">
      {facts.map((fact) => (
        <Fact key={fact.name} fact={fact} />
      ))}
    </dl>
  )
}

function Fact({ fact }: { readonly fact: FactChange }) {
  const { name, before, after, added = [], removed = [], more = 0 } = fact
  const values = [
    ...added.map((value) => ({ sign: '+', kind: 'added', value })),
    ...removed.map((value) => ({ sign: '−', kind: 'removed', value })),
  ]
  return (
    <>
      <dt>
        <Text>{name}</Text>
      </dt>
      <dd>
        {values.length === 0 ? (
          <>
            <del>
              <Text>{before || 'none'}</Text>
            </del>{' '}
            →{' '}
            <ins>
              <Text>{after || 'none'}</Text>
            </ins>
          </>
        ) : (
          <FirstOf all={values} count={LONG_LIST} noun="value">
            {(shown) => (
              <ul className="values">
                {shown.map(({ sign, kind, value }) => (
                  <li key={`${sign}${value}`} className={kind}>
                    {sign} <Text>{value}</Text>
                  </li>
                ))}
              </ul>
            )}
          </FirstOf>
        )}
        {more === 0 ? null : <span className="muted">and {whole(more)} more</span>}
      </dd>
    </>
  )
}

const SIGNS = { added: '+', removed: '−', changed: '~' } as const

function Member({ member }: { readonly member: MemberChange }) {
  const { path, change, details, text } = member
  const title = (
    <code className={`member ${change}`}>
      {SIGNS[change]} <Text>{path}</Text>
    </code>
  )
  if (details === undefined && text === undefined) return title
  return (
    <details>
      <summary>{title}</summary>
      {details === undefined ? null : <Details details={details} />}
      {text === undefined ? null : <TextDiff text={text} label={`Difference of ${path}`} />}
    </details>
  )
}
