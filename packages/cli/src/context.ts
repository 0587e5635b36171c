import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import type { Progress } from '@holotype/base'
import type { Distribution } from '@holotype/distribution'
import type { Store } from '@holotype/store'
import type { Keyring } from '@holotype/trust'
import type { ApiClient } from './api-client.ts'
import type { Config, ObjectStoreConfig } from './config.ts'
import type { CommonFlags } from './flags.ts'
import { type Home, homeAt, readOperatorToken, readServerAddress, readToken } from './home.ts'

/** What a command works with. Whatever costs time is opened when it is first asked for, and then once. */
export interface Context {
  /** The distribution's directory, as errors show it: relative to the working directory where that is shorter. */
  readonly directory: string
  readonly home: Home
  readonly progress: Progress
  /** Aborted by Ctrl-C: give it to whatever takes long. */
  readonly signal: AbortSignal
  readonly now: () => Date
  /** The root whose apt sources are the upstream `from: host`. */
  readonly aptRoot: string
  readonly objectStore: ObjectStoreConfig
  /** Who decides, as records name them. */
  readonly actor: string
  /** Whether a person's own token is used, which says who they are, and not the operator's. */
  readonly ownToken: boolean
  /** @throws what `loadDistribution` throws */
  distribution(): Promise<Distribution>
  store(): Promise<Store>
  /** @throws KEY_MISSING, KEY_PERMISSIONS */
  keyring(): Promise<Keyring>
  /** @throws SERVER_ADDRESS */
  api(): Promise<ApiClient>
}

export interface ContextOptions {
  readonly config: Config
  readonly flags: CommonFlags
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly workingDirectory: string
}

const DEFAULT_SERVER = 'http://127.0.0.1:8440'

/** The context of one command. Opens nothing yet. */
export function createContext({ config, flags, progress, signal, workingDirectory }: ContextOptions): Context {
  const named = flags.directory ?? config.directory
  const found = named === undefined ? findDistribution(workingDirectory) : resolve(workingDirectory, named)
  const home = homeAt(resolve(workingDirectory, flags.home ?? config.home ?? join(found, '.holotype')))
  const tokenFile = config.tokenFile === undefined ? undefined : resolve(workingDirectory, config.tokenFile)
  return {
    directory: shortPath(workingDirectory, found),
    home,
    progress,
    signal,
    now: () => new Date(),
    aptRoot: resolve(workingDirectory, config.aptRoot ?? '/'),
    objectStore: config.objectStore,
    actor: config.actor ?? userInfo().username,
    ownToken: config.tokenFile !== undefined,
    distribution: once(async () => {
      const { loadDistribution } = await import('@holotype/distribution')
      return loadDistribution(shortPath(workingDirectory, found))
    }),
    store: once(async () => (await import('@holotype/store')).openStore(home.store)),
    keyring: once(async () => (await import('@holotype/trust')).openKeyring(home.keys)),
    api: once(async () => {
      const address = flags.server ?? config.server ?? readServerAddress(home) ?? DEFAULT_SERVER
      const { openApiClient } = await import('./api-client.ts')
      return openApiClient({
        address,
        token: () => (tokenFile === undefined ? readOperatorToken(home) : readToken(tokenFile)),
        signal,
      })
    }),
  }
}

/** The nearest directory upwards that holds a distribution; where there is none, the working directory itself. */
function findDistribution(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    if (existsSync(join(at, 'holotype.yaml'))) return at
    if (dirname(at) === at) return from
  }
}

function shortPath(from: string, to: string): string {
  const short = relative(from, to) || '.'
  return short.length < to.length ? short : to
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined
  return () => (opened ??= open())
}
