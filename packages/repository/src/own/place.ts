import { join } from 'node:path'
import { failFormats, type Format, type FormatName, type RepositorySigner } from '@holotype/formats'
import type { Store } from '@holotype/store'

/** Which of our own repositories, and the store it lives in. */
export interface OwnPlace {
  readonly store: Store
  /** Of letters, digits and `.+-_`. Repositories of other formats may have the same. */
  readonly name: string
  readonly format: FormatName
}

/** One of our own repositories, to take packages in and publish. */
export interface OwnRepository {
  readonly store: Store
  readonly name: string
  readonly format: Format
  /** deb: the component that its package files lie under, `main`. */
  readonly component: string
  /** Whether long descriptions of what is taken in go to an index of their own, where the format has one. Default: false. */
  readonly translation?: boolean
  /** Signs packages of the formats that sign each of them, and every state. */
  readonly signer: RepositorySigner
}

/** @throws REPOSITORY_UNWRITABLE */
export function placeOf({ store, name, format }: OwnRepository): OwnPlace {
  return { store, name, format: format.name }
}

/**
 * The directory that holds a repository's state, apart from what is served.
 * @throws REPOSITORY_UNWRITABLE
 */
export function stateDirectory({ store, name, format }: OwnPlace): string {
  if (!/^[a-z0-9][a-z0-9._+-]{0,99}$/i.test(name))
    throw failFormats('REPOSITORY_UNWRITABLE', { what: `"${name.slice(0, 100)}" is no name of a repository` })
  return join(store.directory, 'repositories', format, name)
}
