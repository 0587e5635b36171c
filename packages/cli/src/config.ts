/** What the command reads from its environment: the one place that looks there. */
export interface Config {
  /** `HOLOTYPE_DIRECTORY`: the distribution, where `--directory` is not given. */
  readonly directory: string | undefined
  /** `HOLOTYPE_HOME`: the state directory, where `--home` is not given. */
  readonly home: string | undefined
  /** `HOLOTYPE_SERVER`: the server's address, where `--server` is not given. */
  readonly server: string | undefined
  /** `HOLOTYPE_ACTOR`: who decides, as records name them. Default: the login name. */
  readonly actor: string | undefined
  /** `HOLOTYPE_TOKEN_FILE`: a file with a reviewer's own token, in place of the operator's. */
  readonly tokenFile: string | undefined
  /** `HOLOTYPE_APT_ROOT`: the root whose apt sources and os-release are read, for tests and to build for another machine. Default: `/`. */
  readonly aptRoot: string | undefined
  /** The keys of an S3-compatible store, by the names that its other clients read: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and so on. */
  readonly objectStore: ObjectStoreConfig
  /** `HOLOTYPE_DEBUG=1`: errors show their causes and stacks. */
  readonly debug: boolean
  /** `NO_COLOR` is set and not empty (no-color.org). */
  readonly noColor: boolean
  /** `CI` is set, or `TERM` is `dumb`: a log and no terminal that understands cursor movements. */
  readonly plainTerminal: boolean
}

export interface ObjectStoreConfig {
  /** `AWS_ENDPOINT_URL_S3`, or `AWS_ENDPOINT_URL` */
  readonly endpoint: string | undefined
  /** `AWS_REGION` */
  readonly region: string | undefined
  readonly accessKey: string | undefined
  readonly secretKey: string | undefined
  /** `AWS_SESSION_TOKEN` */
  readonly sessionToken: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Empty counts as absent, as no-color.org has it. */
const set = (environment: Environment, name: string) => environment[name] || undefined

/** The settings of an environment. */
export function readConfig(environment: Environment = process.env): Config {
  return {
    directory: set(environment, 'HOLOTYPE_DIRECTORY'),
    home: set(environment, 'HOLOTYPE_HOME'),
    server: set(environment, 'HOLOTYPE_SERVER'),
    actor: set(environment, 'HOLOTYPE_ACTOR'),
    tokenFile: set(environment, 'HOLOTYPE_TOKEN_FILE'),
    aptRoot: set(environment, 'HOLOTYPE_APT_ROOT'),
    objectStore: {
      endpoint: set(environment, 'AWS_ENDPOINT_URL_S3') ?? set(environment, 'AWS_ENDPOINT_URL'),
      region: set(environment, 'AWS_REGION'),
      accessKey: set(environment, 'AWS_ACCESS_KEY_ID'),
      secretKey: set(environment, 'AWS_SECRET_ACCESS_KEY'),
      sessionToken: set(environment, 'AWS_SESSION_TOKEN'),
    },
    debug: environment.HOLOTYPE_DEBUG === '1',
    noColor: set(environment, 'NO_COLOR') !== undefined,
    plainTerminal: set(environment, 'CI') !== undefined || environment.TERM === 'dumb',
  }
}
