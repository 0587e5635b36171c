export { type Commit, commitOf } from './commit.ts'
export type { Distribution } from './distribution.ts'
export { fail as failDistribution } from './errors.ts'
export { initDistribution } from './init.ts'
export { loadDistribution } from './load.ts'
export { channelOf, imageOf, lockPathOf, recipeDirectoryOf, recipeOf, recipeSourceOf } from './lookup.ts'
export {
  type Channel,
  type ChannelWave,
  channelSchema,
  type DistributionFile,
  distributionSchema,
  duration,
  type ImageSpec,
  imageSchema,
  type Recipe,
  recipeSchema,
  share,
  triggerSchema,
  type Upstream,
  upstreamSchema,
  waveSchema,
} from './schema.ts'
export { resolveSource } from './source.ts'
