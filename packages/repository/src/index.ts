export { fail as failRepository } from './errors.ts'
export { type Fetched, type Fetcher, type FetcherOptions, openFetcher } from './fetch/fetcher.ts'
export { type FetchPackagesOptions, type FetchPackagesResult, fetchPackages } from './fetch/packages.ts'
export { type HostSourcesOptions, hostSources } from './host/sources.ts'
export { collectGarbage } from './own/collect-garbage.ts'
export { type IngestOptions, type Ingested, ingest, ingestMany } from './own/ingest.ts'
export { ingestSources } from './own/ingest-sources.ts'
export type { OwnPlace, OwnRepository } from './own/place.ts'
export { publish, type Published, type PublishOptions, publishedFrom } from './own/publish.ts'
export { ownSnapshot } from './own/snapshot.ts'
export { ownPackages } from './own/state.ts'
export type { PublishStep } from './own/steps.ts'
export { withdraw } from './own/withdraw.ts'
export type { Copied } from './site/copy-site.ts'
export { mirrorForEver, mirrorOnce } from './site/mirror.ts'
export { openSource, type SiteSource } from './site/source.ts'
export { inSiteTurn } from './site/turn.ts'
export { type Damage, verifyFiles, type VerifiedFiles } from './site/verify-files.ts'
export { verifyRepositories } from './site/verify-repositories.ts'
export { writeSiteList, type WrittenList } from './site/write-list.ts'
export { candidatesOf, readSnapshot } from './snapshot/candidates.ts'
export { type Offers, offersOf } from './snapshot/catalogues.ts'
export {
  countPackages,
  diffSnapshots,
  type PackageChange,
  type SnapshotDiff,
  type SourceChanges,
} from './snapshot/diff.ts'
export { listWantedFiles, type ListFilesRequest } from './snapshot/files.ts'
export { type ListedPackage, listedPackages, makeListings } from './snapshot/listing.ts'
export type { SnapshotRequest } from './snapshot/request.ts'
export {
  dropSnapshot,
  forgetSnapshots,
  rememberTaken,
  SNAPSHOTS_NOTE,
  type TakenNote,
  takenSnapshots,
} from './snapshot/taken.ts'
export { snapshotUpstream } from './snapshot/upstream.ts'
export type {
  HostSource,
  HostUpstream,
  Pocket,
  Snapshot,
  SnapshotIndex,
  SnapshotSuite,
  TakenSnapshot,
  UpstreamRequest,
  UrlUpstream,
  VerifyClearSigned,
  VerifyDetached,
} from './types.ts'
