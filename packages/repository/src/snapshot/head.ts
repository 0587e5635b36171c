import { digestOf, hexOf, HolotypeError } from '@holotype/base'
import type { RepositoryHead } from '@holotype/formats'
import { fail } from '../errors.ts'
import { SIGNED_TOP_BYTES } from '../limits.ts'
import { asUpstream, mismatch } from './failures.ts'
import type { SuiteRequest } from './request.ts'

/**
 * A suite's signed top: fetched, its signature checked, then its suite, its age, and that it is no older than one seen before.
 * @throws UPSTREAM_UNREACHABLE, UPSTREAM_SIGNATURE, UPSTREAM_EXPIRED, UPSTREAM_MISMATCH
 */
export async function fetchHead(
  request: SuiteRequest,
): Promise<{ readonly head: RepositoryHead; readonly inRelease: Buffer }> {
  const { site, fetcher, verify, format } = request
  const url = `${site.uri}/dists/${site.suite}/InRelease`
  const { bytes } = await fetcher.get(url, SIGNED_TOP_BYTES).catch((error: unknown) => {
    throw asUpstream(error)
  })
  const signed = await verify(bytes.toString('utf8'), site.keyrings).catch((cause: unknown) => {
    const why = cause instanceof HolotypeError ? cause.message : 'it cannot be checked'
    throw fail('UPSTREAM_SIGNATURE', { what: `the signature of ${url} is not good: ${why}`, cause })
  })
  const head = format.parseHead(signed)
  checkSuite(request, url, head)
  checkAge(request, url, head)
  return { head, inRelease: bytes }
}

/** A mirror may hand out another suite's top, well signed (apt checks the same: "conflicting distribution"). */
function checkSuite({ site }: SuiteRequest, url: string, head: RepositoryHead): void {
  if (site.suite === head.suite || site.suite === head.codename) return
  throw mismatch(`${url} is the top of ${head.codename} (${head.suite}), not of ${site.suite}`)
}

function checkAge({ site, store, now, progress }: SuiteRequest, url: string, head: RepositoryHead): void {
  if (head.validUntil !== undefined && Date.parse(head.validUntil) < now) {
    const what = `${url} was valid until ${head.validUntil}`
    if (site.checkValidUntil) throw fail('UPSTREAM_EXPIRED', { what })
    progress?.({ kind: 'note', level: 'warning', text: `${what}; this machine's apt is told not to mind` })
  }
  // Only forward: a mirror that falls behind, or is made to, would quietly take fixes away.
  const key = `upstream/${hexOf(digestOf(`${site.origin} ${site.suite}`))}`
  const before = store.recall(key)
  if (before !== undefined && Date.parse(head.date) < Date.parse(before))
    throw fail('UPSTREAM_EXPIRED', { what: `${url} is of ${head.date}, older than the ${before} seen before` })
  if (before !== head.date) store.remember(key, head.date)
}
