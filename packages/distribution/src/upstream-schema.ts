import { type Digest, isDigest } from '@holotype/base'
import { z } from 'zod'

/** Where packages come from that a distribution does not build: the `upstreams` of `holotype.yaml`. */

const word = z.string().regex(/^[!-~]{1,256}$/, 'a word of printable characters without spaces')

const address = z
  .string()
  .regex(/^(https?|file):\/\/[!-~]+$/, 'an address starts with http://, https:// or file:///')
  // A snapshot records where it came from, and snapshots are shown and copied.
  .refine((url) => !/^[a-z]+:\/\/[^/]*@/.test(url), 'an address holds no user and no password')
  .describe('an address')

/** What locks call the distribution's own repository. No upstream may have this name. */
export const OWN_NAME = 'own'

/** Our own packages win over upstream's, whatever their versions. */
export const OWN_PRIORITY = 900
const UPSTREAM_PRIORITY = 500

/** Names that are the path of a keyring file within the distribution's repository. */
const path = z.string().min(1).max(4096)

const keys = z.strictObject({
  format: z.enum(['deb', 'alpm', 'rpm', 'xbps']).describe('the package format'),
  from: z
    .literal('host')
    .optional()
    .describe("where it lies: `host` is the machine's own apt sources, with their keyrings (deb). Else give `url`"),
  pockets: z
    .array(z.enum(['release', 'updates', 'security', 'backports']))
    .min(1)
    .optional()
    .describe('with `from: host`: the release alone, its updates, its security fixes, its backports'),
  url: address
    .optional()
    .describe('its base address; `$repo` stands for the name of a repository (alpm), `$arch` for the architecture'),
  urls: z.array(address).min(1).max(32).optional().describe('or several addresses of the same, tried in this order'),
  suites: z
    .array(word)
    .min(1)
    .max(64)
    .optional()
    .describe('with `url`, deb: its suites; one that ends in `/` is a directory with a flat repository'),
  components: z.array(word).min(1).max(64).optional().describe('deb: which components of the suites [`["main"]`]'),
  repositories: z
    .array(word.regex(/^[^/]+$/, 'the name of a repository has no /'))
    .min(1)
    .max(64)
    .optional()
    .describe('with `url`, alpm: the names of its repositories, as in pacman.conf'),
  architecture: word
    .optional()
    .describe("as the format names it [the distribution's: `amd64` is `x86_64` in rpm, alpm and xbps]"),
  keyring: z
    .union([path, z.array(path).min(1).max(32)])
    .optional()
    .describe('with `url`: files of OpenPGP public keys in this repository; one of them must have signed it'),
  snapshot: z
    .string()
    .refine(
      isDigest,
      "a whole digest, `sha256:` and 64 hexadecimal digits: a snapshot's name is known on one machine only",
    )
    .optional()
    .describe(
      'the digest of the snapshot that everyone locks from, as `holotype repo snapshot` shows it [the newest state, each time]',
    ),
  priority: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe(
      'of two upstreams that offer a package the one with the higher number is preferred, before any version [`500`; your own repository has `900`]',
    ),
  advisories: z
    .strictObject({
      osv: path.describe(
        'a file in this repository with OSV records, one or a list of them, or a directory of such files (`.json`)',
      ),
      ecosystem: z
        .string()
        .min(1)
        .max(100)
        .describe('what of a record counts, as its publisher writes it: `Debian:12`, `Ubuntu:24.04:LTS`'),
    })
    .optional()
    .describe(
      'deb: what its publisher says of security problems in its source packages, for the difference of two images. rpm: updateinfo, which a snapshot takes along, says it',
    ),
  unsigned: z
    .literal(true)
    .optional()
    .describe(
      'with `url`, instead of `keyring`: take what nobody signed. Whoever answers at the address, or sits between, then decides what your images hold. Not for deb',
    ),
})

type Keys = z.output<typeof keys>
type Key = keyof Keys

interface AnyUpstream {
  /** 1 to 1000; the higher is preferred before any version. */
  readonly priority: number
  /** The snapshot that locks are resolved from; absent: the newest state. */
  readonly snapshot?: Digest
  /** Where its publisher's advisories lie in the distribution's repository (deb), and which of them are of its release. */
  readonly advisories?: { readonly osv: string; readonly ecosystem: string }
}

/** An upstream that the machine's own sources describe. */
export interface HostUpstream extends AnyUpstream {
  readonly from: 'host'
  readonly format: 'deb'
  readonly pockets: readonly ('release' | 'updates' | 'security' | 'backports')[]
  readonly components: readonly string[]
}

/** An upstream by its address. What a format does not have is `['']`. */
export interface UrlUpstream extends AnyUpstream {
  readonly from: 'url'
  readonly format: Keys['format']
  readonly urls: readonly string[]
  /** deb: suites; alpm: repositories. */
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** As the format names it; absent: the distribution's. */
  readonly architecture?: string
  /** Paths within the distribution's repository. */
  readonly keyrings: readonly string[]
  readonly unsigned: boolean
}

export type Upstream = HostUpstream | UrlUpstream

/** Which keys go with which kind of upstream. */
const HOST_KEYS: readonly Key[] = ['format', 'from', 'pockets', 'components', 'snapshot', 'priority', 'advisories']
const URL_KEYS: readonly Key[] = ['format', 'url', 'urls', 'architecture', 'keyring', 'snapshot', 'priority']
const FORMAT_KEYS: Readonly<Record<Keys['format'], readonly Key[]>> = {
  deb: ['suites', 'components', 'advisories'],
  alpm: ['repositories', 'unsigned'],
  rpm: ['unsigned'],
  xbps: ['unsigned'],
}

/** One upstream. Which keys it has depends on `from` and `format`; an error stands at the key that is wrong. */
export const upstreamSchema = keys
  .superRefine((upstream, context) => {
    for (const { key, message } of complaintsOf(upstream))
      context.addIssue({ code: 'custom', path: key === undefined ? [] : [key], message })
  })
  .transform((upstream): Upstream => normalize(upstream))

function complaintsOf(upstream: Keys): { readonly key?: Key; readonly message: string }[] {
  const { format, from, pockets, url, urls, suites, repositories, keyring, unsigned } = upstream
  const known = from === 'host' ? HOST_KEYS : [...URL_KEYS, ...FORMAT_KEYS[format]]
  const kind = from === 'host' ? '`from: host`' : `\`url\` and the format ${format}`
  const key = keysOf(upstream).find((one) => !known.includes(one))
  if (key !== undefined)
    return [{ key, message: `the key "${key}" does not go with ${kind}; these do: ${known.join(', ')}` }]
  if (from === 'host') {
    if (format !== 'deb') return [{ key: 'format', message: '`from: host` reads apt sources: its format is deb' }]
    return pockets
      ? []
      : [{ message: 'missing key "pockets": say which of the suites, `[release, updates, security]`' }]
  }
  if (!url && !urls) return [{ message: 'say where it lies: `from: host`, or `url`' }]
  if (url && urls) return [{ key: 'urls', message: 'give either url or urls' }]
  if (format === 'deb' && !suites) return [{ message: 'missing key "suites"' }]
  if (format === 'alpm' && !repositories) return [{ message: 'missing key "repositories"' }]
  if (keyring && unsigned) return [{ key: 'unsigned', message: 'give either keyring or unsigned' }]
  if (!keyring && !unsigned)
    return [{ message: `missing key "keyring"${format === 'deb' ? '' : ', or `unsigned: true` if you mean it'}` }]
  return []
}

function keysOf(upstream: Keys): Key[] {
  return keys.keyof().options.filter((key) => upstream[key] !== undefined)
}

function normalize(upstream: Keys): Upstream {
  const { format, from, pockets = [], url, urls, suites, components = ['main'], repositories, architecture } = upstream
  const pin = upstream.snapshot !== undefined && isDigest(upstream.snapshot) ? { snapshot: upstream.snapshot } : {}
  const { priority = UPSTREAM_PRIORITY, advisories } = upstream
  const said = advisories === undefined ? {} : { advisories }
  if (from === 'host') return { from, format: 'deb', pockets, components, ...pin, ...said, priority }
  return {
    ...pin,
    ...said,
    priority,
    from: 'url',
    format,
    urls: urls ?? (url === undefined ? [] : [url]),
    suites: suites ?? repositories ?? [''],
    components: format === 'deb' ? components : [''],
    ...(architecture === undefined ? {} : { architecture }),
    keyrings: upstream.keyring === undefined ? [] : [upstream.keyring].flat(),
    unsigned: upstream.unsigned ?? false,
  }
}
