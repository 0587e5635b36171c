import { generateKeyPairSync, hash, type KeyObject } from 'node:crypto'
import { withKeyId } from '../key-id.ts'
import type { PublicKey, Signature, TufKey } from '../keyring.ts'
import { signatureOf, tufKeyOf } from '../signing/signing-key.ts'
import { memoryCache } from '../verify/cache.ts'
import { digestOfTarget } from '../verify/checks.ts'
import { findTarget, refreshTopLevel } from '../verify/find-target.ts'
import { fetchNamed } from '../verify/refresh.ts'
import { signedForm } from '../verify/signed-form.ts'

/*
 * A TUF repository of any shape, for tests: the test changes what a role says and who signs for it, and publishes; a client without a network asks it.
 */

type TopName = 'root' | 'targets' | 'snapshot' | 'timestamp'
type Kind = 'ed25519' | 'ecdsa' | 'rsa'

export interface Signer extends PublicKey {
  sign(bytes: Uint8Array): string
}

interface Meta {
  version: number
  length?: number
  hashes?: Record<string, string>
}

interface RoleKeys {
  keyids: string[]
  threshold: number
  [unknown: string]: unknown
}

interface Common {
  version: number
  expires: string
  spec_version: string
  [unknown: string]: unknown
}

export interface DelegationEntry extends RoleKeys {
  name: string
  terminating: boolean
  paths?: string[]
  path_hash_prefixes?: string[]
}

interface TargetsDocument extends Common {
  _type: 'targets'
  targets: Record<string, { length: number; hashes: Record<string, string> }>
  delegations?: { keys: Record<string, TufKey>; roles: DelegationEntry[] }
}

export interface Envelope {
  signatures: Signature[]
  signed: unknown
}

export const NOW = new Date('2026-11-21T12:00:00Z')
const IN_A_MONTH = '2026-12-21T12:00:00Z'

export function newSigner(kind: Kind = 'ed25519', unknown: object = {}): Signer {
  const { publicKey, privateKey } = pairOf(kind)
  const key = tufKeyOf(publicKey)
  if (key === undefined) throw new TypeError(`no key of ${kind}`)
  return { ...withKeyId({ ...key, ...unknown }), sign: (bytes) => signatureOf(privateKey, bytes).toString('hex') }
}

function pairOf(kind: Kind): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  return kind === 'ecdsa' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
}

/** A repository with its four top roles published once, each with one Ed25519 key. */
export function makeRepository() {
  const common = (): Common => ({ version: 0, expires: IN_A_MONTH, spec_version: '1.0.34' })
  const noKeys = (): RoleKeys => ({ keyids: [], threshold: 1 })
  const keys: Record<string, TufKey> = {}
  const roles: Record<TopName, RoleKeys> = {
    root: noKeys(),
    targets: noKeys(),
    snapshot: noKeys(),
    timestamp: noKeys(),
  }
  const root: Common & { readonly keys: typeof keys; readonly roles: typeof roles } = {
    _type: 'root',
    ...common(),
    consistent_snapshot: true,
    keys,
    roles,
  }
  const snapshotMeta: Record<string, Meta> = {}
  const snapshot = { _type: 'snapshot', ...common(), meta: snapshotMeta }
  const timestampMeta: Record<'snapshot.json', Meta> = { 'snapshot.json': { version: 0 } }
  const timestamp = { _type: 'timestamp', ...common(), meta: timestampMeta }
  const newTargets = (): TargetsDocument => ({ _type: 'targets', ...common(), targets: {} })
  const targets = newTargets()
  const delegated = new Map<string, TargetsDocument>([['targets', targets]])
  const signers = new Map<string, Signer[]>()
  const published = new Map<string, Buffer[]>()
  const files = new Map<string, Buffer>()
  const asked: string[] = []
  const repo = {
    root,
    snapshot,
    timestamp,
    targets,
    signers,
    /** Every published version of a role, the first at 0. What a test puts here is served. */
    published,
    /** Target files by path, whatever their digest. */
    files,
    /** `root 2`, `timestamp`, `targets/path`: what the client asked for, in order. */
    asked,
    /** Whether snapshot and timestamp name lengths and digests too. */
    hashes: false,
    role: (name: string) => delegated.get(name) ?? newTargets(),
    documentOf(name: string): Common {
      if (name === 'root') return root
      if (name === 'snapshot') return snapshot
      return name === 'timestamp' ? timestamp : (delegated.get(name) ?? newTargets())
    },
    /** Lets a key sign for a top role, and names it in the root. */
    addKey(role: TopName, signer = newSigner()): Signer {
      roles[role].keyids.push(signer.keyId)
      keys[signer.keyId] = signer.key
      signers.set(role, [...(signers.get(role) ?? []), signer])
      return signer
    },
    /** As many new keys as the threshold, in the place of all there were. */
    rotate(role: TopName): void {
      roles[role].keyids.length = 0
      signers.set(role, [])
      for (let count = 0; count < roles[role].threshold; count++) repo.addKey(role)
    },
    delegate(from: string, name: string, more: Partial<DelegationEntry> = {}): Signer {
      const above = repo.role(from)
      above.delegations ??= { keys: {}, roles: [] }
      const signer = newSigner()
      above.delegations.keys[signer.keyId] = signer.key
      const paths = more.path_hash_prefixes === undefined ? { paths: ['*'] } : {}
      above.delegations.roles.push({
        name,
        keyids: [signer.keyId],
        threshold: 1,
        terminating: false,
        ...paths,
        ...more,
      })
      signers.set(name, [...(signers.get(name) ?? []), signer])
      if (!delegated.has(name)) delegated.set(name, newTargets())
      return signer
    },
    addTarget(role: string, path: string, content: string, algorithms: readonly string[] = ['sha256']): void {
      const hashes = Object.fromEntries(algorithms.map((algorithm) => [algorithm, hash(algorithm, content, 'hex')]))
      repo.role(role).targets[path] = { length: Buffer.byteLength(content), hashes }
      files.set(path, Buffer.from(content))
    },
    /** Signs the next version of each role, in this order, and names it in the snapshot or timestamp above. */
    publish(...names: readonly string[]): void {
      for (const name of names) {
        const document = repo.documentOf(name)
        document.version++
        const bytes = signedForm(document)
        const signatures = (signers.get(name) ?? []).map(({ keyId, sign }) => ({ keyid: keyId, sig: sign(bytes) }))
        const file = Buffer.from(JSON.stringify({ signatures, signed: document }))
        published.set(name, [...(published.get(name) ?? []), file])
        const meta: Meta = { version: document.version }
        if (repo.hashes) Object.assign(meta, { length: file.length, hashes: { sha256: hash('sha256', file, 'hex') } })
        if (name === 'snapshot') timestampMeta['snapshot.json'] = meta
        else if (name !== 'root' && name !== 'timestamp') snapshotMeta[`${name}.json`] = meta
      }
    },
    /** Changes the last published file of a role after it was signed. */
    tamper(name: string, change: (file: Envelope) => void): void {
      const files = published.get(name) ?? []
      const file: Envelope = JSON.parse(String(files.pop()))
      change(file)
      files.push(Buffer.from(JSON.stringify(file)))
    },
    last: (name: string) => published.get(name)?.at(-1),
    /** The file at a path below the site, as a mirror serves it. */
    serve(path: string): Buffer | undefined {
      const [, version, name] = /^trust\/(?:(\d+)\.)?(.*)\.json$/.exec(path) ?? []
      if (name === undefined) return files.get(path.replace(/[0-9a-f]{64,128}\./, ''))
      return version === undefined ? published.get(name)?.at(-1) : published.get(name)?.[Number(version) - 1]
    },
  }
  for (const name of ['root', 'targets', 'snapshot', 'timestamp'] as const) repo.addKey(name)
  repo.publish('root', 'targets', 'snapshot', 'timestamp')
  return repo
}

export type Repository = ReturnType<typeof makeRepository>

/** A client that begins with the repository's first root file and keeps what it trusts in memory. */
export function makeClient(repo: Repository, initialRoot = repo.published.get('root')?.[0] ?? Buffer.of()) {
  const cache = memoryCache()
  const fetch = async (path: string) => {
    const [, version, name] = /^trust\/(?:(\d+)\.)?(.*)\.json$/.exec(path) ?? []
    repo.asked.push(name === undefined ? `target ${path}` : version === undefined ? name : `${name} ${version}`)
    return repo.serve(path)
  }
  const session = (now: Date) => ({ cache, initialRoot, fetch, now })
  return {
    refresh: (now = NOW) => refreshTopLevel(session(now)),
    async download(path: string, now = NOW): Promise<string | undefined> {
      const top = await refreshTopLevel(session(now))
      const target = await findTarget(session(now), top, path)
      if (target === undefined) return undefined
      const slash = path.lastIndexOf('/') + 1
      const name = `${path.slice(0, slash)}${digestOfTarget(target, path)}.${path.slice(slash)}`
      return String(await fetchNamed(fetch, name, target, 4096))
    },
    /** The bytes the client trusts for a role. */
    held: (name: string) => cache.read(name, Infinity),
    /** `root 1`, `timestamp 2` …: the versions it trusts, in this order. */
    trusted: (...extra: readonly string[]) =>
      ['root', 'timestamp', 'snapshot', 'targets', ...extra].flatMap((name) => {
        const bytes = cache.read(name, Infinity)
        if (bytes === undefined) return []
        const { signed }: { signed: { version: number } } = JSON.parse(bytes.toString())
        return [`${name} ${signed.version}`]
      }),
  }
}
