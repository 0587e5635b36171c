export { type AdvisorySpec, advisorySchema } from './advisory-schema.ts'
export { authorsBetween, type Commit, commitOf, lockedDigests } from './commit.ts'
export type { Distribution } from './distribution.ts'
export { fail as failDistribution } from './errors.ts'
export { type ImageSpec, imageSchema, triggerSchema } from './image/image-schema.ts'
export { readTemplate, type Variables } from './image/variables.ts'
export { initDistribution } from './init.ts'
export { loadDistribution } from './load.ts'
export { channelOf, imageOf, keyringsOf, lockPathOf, recipeDirectoryOf, recipeOf, recipeSourceOf } from './lookup.ts'
export {
  type Channel,
  type ChannelWave,
  channelSchema,
  type ConvertNames,
  convertSchema,
  type DistributionFile,
  distributionSchema,
  peopleSchema,
  type Recipe,
  recipeSchema,
  waveSchema,
} from './schema.ts'
export {
  judgeReview,
  type ReviewPolicy,
  reviewPolicyDigest,
  reviewPolicyOf,
  type ReviewState,
  type Verdict,
} from './review-policy.ts'
export { resolveSource } from './source.ts'
export { duration, share } from './values.ts'
export {
  type HostUpstream,
  OWN_NAME,
  OWN_PRIORITY,
  type Upstream,
  type UrlUpstream,
  upstreamSchema,
} from './upstream-schema.ts'
