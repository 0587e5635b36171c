export { fail as failRepository } from './errors.ts'
export { type Fetched, type Fetcher, type FetcherOptions, openFetcher } from './fetch/fetcher.ts'
export { type FetchPackagesOptions, type FetchPackagesResult, fetchPackages } from './fetch/packages.ts'
export { type HostSourcesOptions, hostSources } from './host/sources.ts'
export { type Ingested, ingest } from './own/ingest.ts'
export { type PublishOptions, publishRepository } from './own/publish.ts'
export { ownSnapshot } from './own/snapshot.ts'
export { type OwnPackage, ownPackages } from './own/state.ts'
export { candidatesOf, readSnapshot } from './snapshot/candidates.ts'
export type { SnapshotRequest } from './snapshot/request.ts'
export { snapshotUpstream } from './snapshot/upstream.ts'
export type {
  HostSource,
  Pocket,
  Snapshot,
  SnapshotIndex,
  SnapshotSuite,
  TakenSnapshot,
  UpstreamRequest,
  VerifyClearSigned,
} from './types.ts'
