import type { Recipe } from '@holotype/distribution'
import type { RecipeFamily } from '../types.ts'
import { deb } from './deb/deb.ts'

const FAMILIES: Record<Recipe['family'], RecipeFamily> = { deb }

/** The family a recipe names. */
export function familyOf(recipe: Recipe): RecipeFamily {
  return FAMILIES[recipe.family]
}
