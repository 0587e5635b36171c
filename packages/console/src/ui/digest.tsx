import { shortDigest } from '../lib/format.ts'
import { CopyButton } from './copy-button.tsx'

/** A digest cut to twelve digits, the whole of it on hover and on the clipboard. */
export function DigestText({ digest, copy = true }: { readonly digest: string; readonly copy?: boolean }) {
  return (
    <span className="digest">
      <code title={digest}>{shortDigest(digest)}</code>
      {copy ? <CopyButton value={digest} label="Copy the whole digest" /> : null}
    </span>
  )
}
