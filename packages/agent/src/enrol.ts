import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, HolotypeError, writeFileAtomic } from '@holotype/base'
import type { AgentConfig } from './config.ts'
import { together } from './current-statement.ts'
import { fail } from './errors.ts'
import { asFields, asText, asTextMap, FormError } from './json.ts'
import { HTTP_IDLE_MS, STATEMENT_ATTEMPTS, TRUST_ROOT_BYTES } from './limits.ts'
import type { EnrolRequest, EnrolResponse } from './protocol.ts'
import { apiUrl, send } from './report/server-client.ts'
import { type Mirror, nameOf, openMirrors } from './site/mirrors.ts'
import { openSite } from './site/site.ts'
import { lockState } from './state/lock.ts'
import { type EnrolmentToken, parseEnrolmentToken } from './token.ts'

export interface EnrolOptions {
  /** The server's address: `https://host:port`. */
  readonly server: string
  /** The site's mirrors, first preferred. */
  readonly sites: readonly string[]
  /** `ht1.SECRET.ROOT-VERSION.ROOT-DIGEST`. */
  readonly token: string
  /** The directory to keep at the image; of a node with two roots where the running one is found. */
  readonly root: string
  readonly roots?: AgentConfig['roots']
  /** The agent's own directory; best on the file system of `root`. */
  readonly state: string
  readonly hostname: string
}

/**
 * Makes this machine a node: pins the site's trust root (only if it is the one the token names), makes the node's key, and spends the
 * token. The trust root comes first, so that a wrong address costs no token. The configuration is written last: an enrolment that broke
 * off is repeated with a new token.
 * @throws AGENT_TOKEN_MALFORMED, AGENT_ALREADY_ENROLLED, AGENT_ROOT_PIN, AGENT_SITE_UNREACHABLE, AGENT_SERVER_UNREACHABLE,
 * AGENT_SERVER_REFUSED, AGENT_USAGE (an address), AGENT_ROOTS, DISK_FULL
 */
export async function enrol(options: EnrolOptions): Promise<AgentConfig> {
  const token = parseEnrolmentToken(options.token)
  for (const address of [options.server, ...options.sites]) checkAddress(address)
  mkdirSync(options.state, { recursive: true, mode: 0o700 })
  const roots = options.roots && (await import('./two-roots/roots.ts')).checkRoots(options.roots, options.state)
  if (!roots) mkdirSync(options.root, { recursive: true })
  using _lock = lockState(options.state)
  const path = join(options.state, 'config.json')
  if (existsSync(path)) throw fail('AGENT_ALREADY_ENROLLED', { what: `${path} is there already` })
  const trustRoot = await pinnedRoot(options.sites, token)
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  // What an earlier enrolment had come to trust does not go before this root.
  rmSync(join(options.state, 'trust'), { recursive: true, force: true })
  writeFileAtomic(join(options.state, 'root.json'), trustRoot, 0o600)
  writeFileAtomic(join(options.state, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600)
  const request = {
    token: token.secret,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    hostname: options.hostname,
  } satisfies EnrolRequest
  const answer = await send(apiUrl(options.server, '/api/v1/nodes/enrol'), {
    method: 'POST',
    body: JSON.stringify(request),
  })
  const config: AgentConfig = {
    ...parseAnswer(answer),
    server: options.server,
    sites: options.sites,
    // Which root runs is looked up when it is asked for.
    root: roots ? options.root : realpathSync(options.root),
    ...(roots ? { roots } : {}),
  }
  writeFileAtomic(path, `${JSON.stringify(config, undefined, 2)}\n`, 0o600)
  return config
}

/** The root file that the token names, from the mirror that is the first to have it: its digest is known, so it may be any. */
async function pinnedRoot(sites: readonly string[], { version, root }: EnrolmentToken): Promise<Buffer> {
  const path = `trust/${version}.root.json`
  const enough = new AbortController()
  const rootFrom = async (mirror: Mirror) => {
    const { signal } = enough
    const site = openSite({ mirrors: [mirror], idleMs: HTTP_IDLE_MS, attempts: STATEMENT_ATTEMPTS, signal })
    const bytes = await site.file(path, TRUST_ROOT_BYTES)
    if (!bytes) throw fail('AGENT_SITE_UNREACHABLE', { what: `${nameOf(mirror)} has no ${path}` })
    const found = digestOf(bytes)
    if (found === root) return bytes
    throw fail('AGENT_ROOT_PIN', { what: `the token names the trust root ${root}, ${nameOf(mirror)} serves ${found}` })
  }
  const failures: HolotypeError[] = []
  try {
    return await Promise.any(
      openMirrors(sites).map((mirror) =>
        rootFrom(mirror).catch((error: unknown) => {
          if (error instanceof HolotypeError) failures.push(error)
          throw error
        }),
      ),
    )
  } catch (error) {
    if (failures.length < sites.length) throw error
    throw together(failures)
  } finally {
    enough.abort()
  }
}

function parseAnswer(value: unknown): EnrolResponse {
  try {
    const fields = asFields(value, 'the answer')
    return {
      node: asText(fields.node, 'node'),
      name: asText(fields.name, 'name'),
      channel: asText(fields.channel, 'channel'),
      labels: asTextMap(fields.labels, 'labels'),
    }
  } catch (error) {
    if (!(error instanceof FormError)) throw error
    throw fail('AGENT_SERVER_REFUSED', { what: `the server's answer to the enrolment: ${error.message}`, cause: error })
  }
}

function checkAddress(address: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw fail('AGENT_USAGE', { what: `${address} is no http or https address` })
}
