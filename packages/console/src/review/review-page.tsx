import '../styles/review.css'
import '../styles/findings.css'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { type DiffDocument, diffQuery } from '../api/queries.ts'
import { diffItems } from '../lib/diff-items.ts'
import { shortDigest } from '../lib/format.ts'
import { namersOf, saidOf } from '../lib/review-words.ts'
import { Page } from '../ui/page.tsx'
import { Loaded } from '../ui/states.tsx'
import { Text } from '../ui/text.tsx'
import { REVIEW, StatusWord } from '../ui/word.tsx'
import { Advisories } from './advisories.tsx'
import { Approvals } from './approvals.tsx'
import { BootOrder } from './boot-order.tsx'
import { Changes } from './changes.tsx'
import { Comments } from './comments.tsx'
import { Hazards } from './hazards.tsx'
import { LostSonames } from './lost-sonames.tsx'
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
        {(loaded) => <Review key={digest} digest={digest} document={loaded} />}
      </Loaded>
    </Page>
  )
}

/** What must be known first, then who said what, then every change. */
function Review({ digest, document }: { readonly digest: string; readonly document: DiffDocument }) {
  const { diff } = document
  const items = useMemo(() => diffItems(diff), [diff])
  const said = useMemo(() => saidOf(document), [document])
  const namers = useMemo(() => namersOf(document), [document])
  return (
    <>
      <SummaryStrip diff={diff} items={items} namers={namers} />
      <Hazards digest={digest} hazards={diff.hazards} namers={namers} said={said} />
      <LostSonames sonames={diff.sonames} />
      <Approvals digest={digest} document={document} namers={namers} />
      <Comments comments={document.comments} items={items} />
      <Advisories advisories={diff.advisories ?? []} />
      <BootOrder diff={diff} />
      <Changes digest={digest} items={items} said={said} reviewed={document.reviewed} />
    </>
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
