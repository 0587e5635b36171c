import '../styles/review.css'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { type DiffDocument, diffQuery } from '../api/queries.ts'
import { shortDigest } from '../lib/format.ts'
import { Page } from '../ui/page.tsx'
import { Loaded } from '../ui/states.tsx'
import { Text } from '../ui/text.tsx'
import { REVIEW, StatusWord } from '../ui/word.tsx'
import { Approvals } from './approvals.tsx'
import { Changes } from './changes.tsx'
import { Comments } from './comments.tsx'
import { SummaryStrip } from './summary-strip.tsx'

/** What changes from one image to another, sorted by what it may break; what one approves is exactly this. */
export function ReviewPage() {
  const { digest } = useParams({ from: '/diffs/$digest' })
  const query = useQuery(diffQuery(digest))
  const document = query.data
  return (
    <Page
      title={document === undefined ? 'Change' : <Title document={document} />}
      name={document === undefined ? 'Change' : `${document.diff.from.name} → ${document.diff.to.name}`}
      facts={document === undefined ? undefined : <Verdict document={document} />}
      command={
        document === undefined
          ? 'holotype image diff FROM TO'
          : `holotype image diff ${document.diff.from.image} ${document.diff.to.image}`
      }
      path={`diffs/${digest}`}
    >
      <Loaded query={query} what="the change">
        {(loaded) => (
          <>
            <SummaryStrip diff={loaded.diff} />
            <Approvals digest={digest} document={loaded} />
            <Comments comments={loaded.comments} items />
            <Changes key={digest} digest={digest} diff={loaded.diff} comments={loaded.comments} />
          </>
        )}
      </Loaded>
    </Page>
  )
}

function Title({ document }: { readonly document: DiffDocument }) {
  const { from, to } = document.diff
  return (
    <>
      <Text>{from.name}</Text> <code title={from.image}>{shortDigest(from.image)}</code> → <Text>{to.name}</Text>{' '}
      <code title={to.image}>{shortDigest(to.image)}</code>
    </>
  )
}

function Verdict({ document }: { readonly document: DiffDocument }) {
  const { state, words } = document.review
  return (
    <StatusWord of={REVIEW[state]}>
      <Text>{words}</Text>
    </StatusWord>
  )
}
