import type { Place } from '@holotype/base'
import type { AdvisorySpec } from './advisory-schema.ts'
import type { ImageSpec } from './image/image-schema.ts'
import type { Channel, ConvertNames, DistributionFile, People, Recipe } from './schema.ts'

/** A whole distribution, read and checked. Maps are by name, in the order of names. */
export interface Distribution {
  /** Absolute, symbolic links resolved. */
  readonly directory: string
  /** `holotype.yaml` */
  readonly file: DistributionFile
  /** `recipes/NAME/recipe.yaml` */
  readonly recipes: ReadonlyMap<string, Recipe>
  /** `images/NAME.yaml` */
  readonly images: ReadonlyMap<string, ImageSpec>
  /** Where what an image's spec says stands, by image: the place of a path of the spec; undefined where the default holds. */
  readonly origins: ReadonlyMap<string, (path: readonly PropertyKey[]) => Place | undefined>
  /** `convert.yaml`: names of packages where another format is used. Empty tables if there is none. */
  readonly convert: ConvertNames
  /** `advisories/ID.yaml`: what is mended in packages of the distribution's own. */
  readonly advisories: ReadonlyMap<string, AdvisorySpec>
  /** `access/people.yaml`: who has which role. Empty if there is none. */
  readonly people: ReadonlyMap<string, People[string]>
  /** `channels/NAME.yaml` */
  readonly channels: ReadonlyMap<string, Channel>
}
