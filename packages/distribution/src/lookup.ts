import { join } from 'node:path'
import { nearest } from '@holotype/base'
import type { Distribution } from './distribution.ts'
import { fail } from './errors.ts'
import type { ImageSpec } from './image/image-schema.ts'
import type { Channel, Recipe } from './schema.ts'
import { resolveSource } from './source.ts'
import type { UrlUpstream } from './upstream-schema.ts'

/** The image of this name. @throws DISTRIBUTION_UNKNOWN_IMAGE, with the nearest known name */
export function imageOf(distribution: Distribution, name: string): ImageSpec {
  const image = distribution.images.get(name)
  if (image) return image
  throw fail('DISTRIBUTION_UNKNOWN_IMAGE', {
    what: `there is no image "${name}"${suggestion(name, distribution.images)}`,
  })
}

/** The channel of this name. @throws DISTRIBUTION_UNKNOWN_CHANNEL, with the nearest known name */
export function channelOf(distribution: Distribution, name: string): Channel {
  const channel = distribution.channels.get(name)
  if (channel) return channel
  throw fail('DISTRIBUTION_UNKNOWN_CHANNEL', {
    what: `there is no channel "${name}"${suggestion(name, distribution.channels)}`,
  })
}

/** The recipe of this name. @throws DISTRIBUTION_UNKNOWN_RECIPE, with the nearest known name */
export function recipeOf(distribution: Distribution, name: string): Recipe {
  const recipe = distribution.recipes.get(name)
  if (recipe) return recipe
  throw fail('DISTRIBUTION_UNKNOWN_RECIPE', {
    what: `there is no recipe "${name}"${suggestion(name, distribution.recipes)}`,
  })
}

/** Where a recipe's `recipe.yaml` lies: an absolute path. */
export function recipeDirectoryOf(distribution: Distribution, name: string): string {
  return join(distribution.directory, 'recipes', name)
}

/** Where a recipe's unpacked source lies: an absolute path within the distribution. @throws DISTRIBUTION_UNKNOWN_RECIPE, DISTRIBUTION_SOURCE_MISSING, DISTRIBUTION_SOURCE_OUTSIDE */
export function recipeSourceOf(distribution: Distribution, name: string): string {
  return resolveSource(distribution.directory, join('recipes', name), recipeOf(distribution, name).source)
}

/** The keyring files of an upstream: absolute paths within the distribution. @throws DISTRIBUTION_SOURCE_MISSING, DISTRIBUTION_SOURCE_OUTSIDE */
export function keyringsOf(distribution: Distribution, { keyrings }: UrlUpstream): string[] {
  return keyrings.map((keyring) => resolveSource(distribution.directory, '.', keyring))
}

/** Where an image's lock lies, whether or not it has been written: an absolute path. */
export function lockPathOf(distribution: Distribution, image: string): string {
  return join(distribution.directory, 'images', `${image}.lock`)
}

function suggestion(name: string, known: ReadonlyMap<string, unknown>): string {
  const near = nearest(name, [...known.keys()])
  return near === undefined ? '' : `; did you mean "${near}"?`
}
