import { posix } from 'node:path'

/*
 * What lies where on a site, and what of it changes under its name:
 *
 *   objects/aa/…  channels/…  trust/N.ROLE.json    never change
 *   repo/FORMAT/.tops/NAME/7/…                     never change once `current` leads there
 *   repo/FORMAT/…                                  package files and indexes never change; names of tops are links through `current`
 *   repo/FORMAT/.tops/NAME/current                 a link: the one rename that shows a new state
 *   repo/*  status/*  trust/timestamp.json         small files that are replaced
 *   files/…                                        the list of all of the above: see site-list.ts
 *   mirror.json  .mirror/                          a mirror's own, of no concern to who copies it
 */

/** The list's one file that changes. */
export const LIST_FILE = 'files/index.json'
/** What a mirror says of itself. */
export const MIRROR_FILE = 'mirror.json'
/** What a mirror keeps for itself. */
export const MIRROR_DIRECTORY = '.mirror'

const TIMESTAMP = 'trust/timestamp.json'
const CURRENT = /^repo\/[^/]+\/\.tops\/[^/]+\/current$/

/**
 * Whether what lies at a path changes under its name, and when it does so in a publication: keys, then what shows a repository's new state, boards, and
 * the timestamp last. Undefined: it does not change, or nobody minds when.
 */
export function turnOf(path: string): number | undefined {
  if (/^repo\/[^/]+$/.test(path)) return 0
  if (CURRENT.test(path)) return 1
  if (/^status\/[^/]+$/.test(path)) return 2
  return path === TIMESTAMP ? 3 : undefined
}

/** Whether what lies at a path can only ever have the bytes that it has. */
export function isImmutable(path: string): boolean {
  return /^(?:objects\/.+|(?:channels|files)\/[0-9a-f]{64}\..+|trust\/\d+\.[^/]+)$/.test(path)
}

/** Whether a path below the site's directory is part of what is published: not what is being written, and not the list itself. */
export function isPublished(path: string): boolean {
  const [top = ''] = path.split('/')
  if (['files', 'notes', MIRROR_DIRECTORY].includes(top) || path === MIRROR_FILE) return false
  if (path.startsWith('objects/')) return objectDigest(path) !== undefined
  return !/\.tmp-[^/]*(?:$|\/)/.test(path) && !/^repo\/[^/]+\/\.tops\/[^/]+\/work(?:$|\/)/.test(path)
}

/** The digest that an object's path says. */
export function objectDigest(path: string): `sha256:${string}` | undefined {
  const [, head, rest] = /^objects\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(path) ?? []
  return head === undefined || rest === undefined ? undefined : `sha256:${head}${rest}`
}

/** Where a part of the list lies. */
export function partPath(digest: string): string {
  return `files/${digest.slice('sha256:'.length)}.json`
}

/**
 * Whether a path from outside stays below the directory it is put to and touches nothing that is not a site's: no empty or dotted parts, no control
 * characters, parts and depth that file systems take.
 */
export function isSafePath(path: string): boolean {
  const parts = path.split('/')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (path.length > 1024 || /[\u0000-\u001f\u007f\\]/.test(path)) return false
  return parts.every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= 255)
}

/**
 * Whether a link's text leads to a path below the same directory. `..` may stand at its beginning alone: after a name it could start from where another
 * link leads.
 */
export function isSafeLink(path: string, text: string): boolean {
  const [, up = '', rest = ''] = /^((?:\.\.\/)*)(.*)$/.exec(text) ?? []
  return isSafePath(rest) && up.length / 3 < path.split('/').length
}

/** Where a link's text leads, below the site. */
export function leadsTo(path: string, text: string): string {
  return posix.normalize(posix.join(posix.dirname(path), text))
}
