import type { Comment } from '@holotype/server/api'
import { Ago } from '../ui/ago.tsx'
import { Text } from '../ui/text.tsx'

interface CommentsProps {
  readonly comments: readonly Comment[]
  /** Whether each says what it is about: not where only one item's are shown. */
  readonly items: boolean
}

/** What people said of a change, oldest first. */
export function Comments({ comments, items }: CommentsProps) {
  if (comments.length === 0) return null
  return (
    <ul className="comments" aria-label="Comments">
      {comments.map((comment) => (
        <li key={`${comment.actor} ${comment.time} ${comment.item}`}>
          <Text className="approval-actor">{comment.actor}</Text>
          {items && comment.item !== '' ? (
            <>
              {' '}
              on <Text>{comment.item}</Text>
            </>
          ) : null}{' '}
          <Ago time={comment.time} />: <Text className="approval-comment">{comment.text}</Text>
        </li>
      ))}
    </ul>
  )
}
