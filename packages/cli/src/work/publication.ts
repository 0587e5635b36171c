import { join, resolve } from 'node:path'
import type { FormatName } from '@holotype/formats'
import type { Context } from '../context.ts'
import type { Home } from '../home.ts'

/** Where the last publication of a format's repository is noted with what it was made from; without one, that of the distribution's own format. */
export function publicationNote({ directory }: Home, format: FormatName | 'default' = 'default'): string {
  return join(directory, 'published', `${format}.json`)
}

export function declarationPath({ directory }: Context): string {
  return resolve(directory, 'holotype.yaml')
}

export function publicKeyPath({ site }: Home): string {
  return join(site, 'repo', 'key.asc')
}
