import { VIEW_AGE_MS } from '../limits.ts'
import type { Changes } from './changes.ts'

/**
 * A view that many ask for and that costs a few queries: computed once for all who ask while nothing changes, and never older than a moment,
 * since another replica's changes are not announced here.
 */
export function sharedView<View>(changes: Changes, compute: () => Promise<View>): () => Promise<View> {
  let last: { readonly version: number; readonly at: number; readonly view: Promise<View> } | undefined
  return () => {
    const version = changes.version()
    const at = performance.now()
    if (last && last.version === version && at - last.at < VIEW_AGE_MS) return last.view
    const view = compute()
    const mine = { version, at, view }
    last = mine
    view.catch(() => {
      if (last === mine) last = undefined
    })
    return view
  }
}
