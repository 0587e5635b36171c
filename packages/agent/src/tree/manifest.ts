import { type Digest, isDigest } from '@holotype/base'
import type { HealthChecks, ImageManifest, ImageTrigger } from '@holotype/image'
import { fail } from '../errors.ts'
import { asFields, asInteger, asList, asText, asTexts, FormError } from '../json.ts'
import { throttleFrom } from '../throttle/settings.ts'
import { GLOB_LENGTH, GLOB_PARTS, HEALTH_CHECKS } from '../limits.ts'

/** What the agent needs of an image manifest. */
export type NodeManifest = Pick<
  ImageManifest,
  'name' | 'root' | 'owners' | 'exclusions' | 'triggers' | 'hardlinks' | 'health' | 'throttle'
>

/** Parses a manifest's bytes, whose digest the caller has verified. @throws AGENT_OBJECT_MALFORMED */
export function parseManifest(bytes: Uint8Array): NodeManifest {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    const fields = asFields(value, 'the manifest')
    if (fields.schema !== 'holotype.image/1') throw new FormError(`its schema is ${JSON.stringify(fields.schema)}`)
    const root = asFields(fields.root, 'root')
    if (!isDigest(root.tree)) throw new FormError('root.tree is no digest')
    if (!isDigest(fields.owners)) throw new FormError('owners is no digest')
    return {
      name: asText(fields.name, 'name'),
      root: {
        tree: root.tree,
        mode: asInteger(root.mode, 'root.mode', { max: 0o7777 }),
        uid: asInteger(root.uid, 'root.uid', { max: 0xffff_ffff }),
        gid: asInteger(root.gid, 'root.gid', { max: 0xffff_ffff }),
        mtime: asInteger(root.mtime, 'root.mtime', { min: Number.MIN_SAFE_INTEGER }),
      },
      owners: fields.owners,
      ...(fields.hardlinks === undefined ? {} : { hardlinks: digestFrom(fields.hardlinks) }),
      exclusions: asTexts(fields.exclusions, 'exclusions').map(checkGlob),
      triggers: asList(fields.triggers, 'triggers').map(triggerFrom),
      ...(fields.health === undefined ? {} : { health: healthFrom(fields.health) }),
      ...(fields.throttle === undefined ? {} : { throttle: throttleFrom(fields.throttle) }),
    }
  } catch (error) {
    if (!(error instanceof FormError || error instanceof SyntaxError)) throw error
    throw fail('AGENT_OBJECT_MALFORMED', { what: `an image manifest: ${error.message}`, cause: error })
  }
}

function triggerFrom(value: unknown): ImageTrigger {
  const fields = asFields(value, 'a trigger')
  const { when } = fields
  if (when !== 'before' && when !== 'after') throw new FormError('a trigger runs before or after')
  const run = asTexts(fields.run, 'run')
  if (run.length === 0) throw new FormError('a trigger without a program')
  return {
    name: asText(fields.name, 'name'),
    paths: asTexts(fields.paths, 'paths').map(checkGlob),
    run,
    when,
    timeout: asInteger(fields.timeout, 'timeout', { min: 1, max: 86_400 }),
  }
}

function healthFrom(value: unknown): HealthChecks {
  const { units, ports, commands, http, grace } = asFields(value, 'health')
  const timeoutOf = (timeout: unknown) => asInteger(timeout, 'timeout', { min: 1, max: 86_400 })
  const health = {
    units: asTexts(units, 'health.units'),
    ports: asTexts(ports, 'health.ports'),
    commands: asList(commands, 'health.commands').map((command) => {
      const { run, timeout } = asFields(command, 'a command')
      return { run: asTexts(run, 'run'), timeout: timeoutOf(timeout) }
    }),
    http: asList(http, 'health.http').map((request) => {
      const { url, status, timeout } = asFields(request, 'a request')
      const address = asText(url, 'url')
      if (!/^https?:\/\//.test(address) || !URL.canParse(address))
        throw new FormError(`${JSON.stringify(address)} is no http address`)
      return { url: address, status: asInteger(status, 'status', { min: 100, max: 599 }), timeout: timeoutOf(timeout) }
    }),
    grace: asInteger(grace, 'health.grace', { max: 86_400 }),
  } satisfies HealthChecks
  const checks = health.units.length + health.ports.length + health.commands.length + health.http.length
  if (checks > HEALTH_CHECKS) throw new FormError(`health has more than ${HEALTH_CHECKS} checks`)
  return health
}

function digestFrom(value: unknown): Digest {
  if (!isDigest(value)) throw new FormError('hardlinks is no digest')
  return value
}

function checkGlob(glob: string): string {
  if (!glob.startsWith('/') || glob.length > GLOB_LENGTH || glob.split('/').length > GLOB_PARTS)
    throw new FormError(`${JSON.stringify(glob)} is no glob of absolute paths`)
  return glob
}
