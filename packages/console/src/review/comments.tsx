import type { Comment } from '@holotype/server/api'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { DiffItem } from '../lib/diff-items.ts'
import { aboutOf } from '../lib/review-words.ts'
import { Ago } from '../ui/ago.tsx'
import { Text } from '../ui/text.tsx'

interface CommentsProps {
  readonly comments: readonly Comment[]
  readonly items: readonly DiffItem[]
}

/** Everything that people said of a change, oldest first; what they said it of is a link. What they said of a hazard stands with it. */
export function Comments({ comments, items }: CommentsProps) {
  const shown = comments.filter(({ item }) => !item.startsWith('hazard:'))
  if (shown.length === 0) return null
  const spoken = new Set(shown.map(({ item }) => item))
  const keys = new Map(
    items.flatMap((item) => {
      const about = aboutOf(item)
      return spoken.has(about) ? [[about, item.key] as const] : []
    }),
  )
  return (
    <ul className="comments" aria-label="Comments">
      {shown.map((comment) => (
        <li key={keyOf(comment)}>
          <Said comment={comment}>
            {comment.item === '' ? null : (
              <>
                {' '}
                on <About item={comment.item} target={keys.get(comment.item)} />
              </>
            )}
          </Said>
        </li>
      ))}
    </ul>
  )
}

/** What people said of the item that the list stands beside. */
export function CommentList({ comments }: { readonly comments: readonly Comment[] }) {
  if (comments.length === 0) return null
  return (
    <ul className="comments" aria-label="Comments on it">
      {comments.map((comment) => (
        <li key={keyOf(comment)}>
          <Said comment={comment} />
        </li>
      ))}
    </ul>
  )
}

function Said({ comment, children }: { readonly comment: Comment; readonly children?: ReactNode }) {
  return (
    <>
      <Text className="approval-actor">{comment.actor}</Text>
      {children} <Ago time={comment.time} />: <Text className="approval-comment">{comment.text}</Text>
    </>
  )
}

function About({ item, target }: { readonly item: string; readonly target: string | undefined }) {
  if (target === undefined) return <Text>{item}</Text>
  return (
    <Link from="/diffs/$digest" to="." search={(before) => ({ ...before, item: target })} replace resetScroll={false}>
      <Text>{item}</Text>
    </Link>
  )
}

function keyOf({ actor, time, item, text }: Comment): string {
  return `${actor} ${time} ${item} ${text}`
}
