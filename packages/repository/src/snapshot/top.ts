import { digestOf, hexOf, HolotypeError, isErrorCode } from '@holotype/base'
import type { RepositoryHead, UpstreamPlace, UpstreamTop } from '@holotype/formats'
import { fail } from '../errors.ts'
import { TOP_BYTES, TOP_SIGNATURE_BYTES } from '../limits.ts'
import { asUpstream, mismatch, readFrom } from './failures.ts'
import type { Site, SuiteRequest } from './request.ts'

/** A suite's top as fetched, nothing of it believed yet. */
export interface FetchedTop {
  readonly url: string
  readonly bytes: Buffer
  /** In which form it was there. */
  readonly form: UpstreamTop
  /** The detached signature; absent where none is asked for. */
  readonly signature?: Buffer
}

/** The place of a component in a suite, as the format's reader takes it. */
export function placeOf({ site, architecture }: SuiteRequest, component: string): UpstreamPlace {
  return { suite: site.suite, component, architecture }
}

/** Where a file of a repository lies. */
export function urlOf({ uri }: Pick<Site, 'uri'>, path: string): string {
  return `${uri}/${path.split('/').map(encodeURIComponent).join('/')}`
}

/**
 * Fetches a suite's top, and its detached signature where one is demanded.
 * @throws UPSTREAM_UNREACHABLE, UPSTREAM_SIGNATURE (there is none)
 */
export async function fetchTop(request: SuiteRequest): Promise<FetchedTop> {
  const { upstream } = request.format
  const place = placeOf(request, request.site.components[0] ?? '')
  const top = upstream.top(place)
  try {
    return await fetchForm(request, top)
  } catch (error) {
    const older = upstream.olderTop?.(place)
    if (!older || !isErrorCode(error, 'FETCH_NOT_FOUND')) throw asUpstream(error)
    // Where neither is there, the one that is asked for first is the one that is missed.
    return fetchForm(request, older).catch((second: unknown) => {
      throw asUpstream(isErrorCode(second, 'FETCH_NOT_FOUND') ? error : second)
    })
  }
}

/** @throws FETCH_*, UPSTREAM_SIGNATURE */
async function fetchForm({ site, fetcher }: SuiteRequest, form: UpstreamTop): Promise<FetchedTop> {
  const url = urlOf(site, form.path)
  const { bytes } = await fetcher.get(url, TOP_BYTES)
  if (form.signed === 'inline' || site.unsigned) return { url, bytes, form }
  if (site.keyrings.length === 0)
    throw fail('UPSTREAM_SIGNATURE', { what: `no keyring is named that could vouch for ${url}` })
  if (form.signature === undefined)
    throw fail('UPSTREAM_SIGNATURE', { what: `${url} cannot be signed in its format, and a keyring is named for it` })
  const signatureUrl = urlOf(site, form.signature)
  try {
    return { url, bytes, form, signature: (await fetcher.get(signatureUrl, TOP_SIGNATURE_BYTES)).bytes }
  } catch (error) {
    if (!isErrorCode(error, 'FETCH_NOT_FOUND')) throw error
    throw fail('UPSTREAM_SIGNATURE', { what: `${url} is not signed: there is no ${signatureUrl}`, cause: error })
  }
}

/**
 * What a top says: its signature checked, then its suite, its age, and that it is no older than one seen before.
 * @throws UPSTREAM_SIGNATURE, UPSTREAM_EXPIRED, UPSTREAM_MISMATCH, REPOSITORY_MALFORMED
 */
export async function readTop(request: SuiteRequest, top: FetchedTop): Promise<RepositoryHead> {
  const { site, format } = request
  const bytes = await signedBytes(request, top)
  const head = readFrom(top.url, () => format.upstream.parseTop(bytes, placeOf(request, site.components[0] ?? '')))
  checkSuite(site, top.url, head)
  checkAge(request, top.url, head)
  return head
}

/** Only forward, from now on: called when all that a top names has arrived. A mirror that falls behind, or is made to, would quietly take fixes away. */
export function rememberAge({ site, store }: SuiteRequest, { date }: RepositoryHead): void {
  const key = ageKey(site)
  if (date !== '' && store.recall(key) !== date) store.remember(key, date)
}

async function signedBytes(request: SuiteRequest, { url, bytes, form, signature }: FetchedTop): Promise<Uint8Array> {
  const { site, name, verify, verifyDetached, progress } = request
  if (site.unsigned && form.signed !== 'none' && !form.signatureOptional)
    throw fail('UPSTREAM_SIGNATURE', {
      what: `${url} is not taken without a signature: its format's own clients would not`,
    })
  if (site.unsigned) {
    const text = `${url} is taken without a signature, as the upstream ${name} declares: nobody vouches for its packages`
    progress?.({ kind: 'note', level: 'warning', text })
    return bytes
  }
  try {
    if (form.signed === 'inline') return Buffer.from(await verify(bytes.toString('utf8'), site.keyrings))
    if (!verifyDetached || !signature) throw new Error('nothing here checks detached signatures')
    await verifyDetached(bytes, signature, site.keyrings)
    return bytes
  } catch (cause) {
    const why = cause instanceof HolotypeError ? cause.message : 'it cannot be checked'
    throw fail('UPSTREAM_SIGNATURE', { what: `the signature of ${url} is not good: ${why}`, cause })
  }
}

/** A mirror may hand out another suite's top, well signed (apt checks the same: "conflicting distribution"). A flat repository has no suite to check. */
function checkSuite({ suite }: Site, url: string, head: RepositoryHead): void {
  const names = [head.suite, head.codename].filter((name) => name !== '')
  if (names.length === 0 || suite === '' || suite.endsWith('/') || names.includes(suite)) return
  throw mismatch(`${url} is the top of ${head.codename} (${head.suite}), not of ${suite}`)
}

function checkAge({ site, store, now, progress }: SuiteRequest, url: string, head: RepositoryHead): void {
  if (head.validUntil !== undefined && Date.parse(head.validUntil) < now) {
    const what = `${url} was valid until ${head.validUntil}`
    if (site.checkValidUntil) throw fail('UPSTREAM_EXPIRED', { what })
    progress?.({ kind: 'note', level: 'warning', text: `${what}; this machine's apt is told not to mind` })
  }
  if (head.date === '') return
  const before = store.recall(ageKey(site))
  if (before !== undefined && Date.parse(head.date) < Date.parse(before))
    throw fail('UPSTREAM_EXPIRED', { what: `${url} is of ${head.date}, older than the ${before} seen before` })
}

function ageKey({ identity }: Site): string {
  return `upstream/${hexOf(digestOf(identity))}`
}
