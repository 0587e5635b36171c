export { type Composed, compose, type ComposeOptions } from './compose/compose.ts'
export { bootCheck, type BootCheckOptions, type BootVerdict } from './boot-check/boot-check.ts'
export { type BootChecks, bootChecksOf } from './boot-check/boot-checks.ts'
export type { Firmware } from './boot-check/machine.ts'
export { exportedDisk } from './export/exported-disk.ts'
export { makeScratch, type Scratch } from './compose/scratch.ts'
export { layOut } from './compose/lay-out.ts'
export type { KnownAdvisory } from './diff/advisories.ts'
export { diffImages, type DiffOptions } from './diff/diff-images.ts'
export { renderDiffHtml } from './diff/html/page.ts'
export { renderDiff, type RenderOptions } from './diff/render-diff.ts'
export { fail as failImage } from './errors.ts'
export { unnamedHazards } from './hazards/find-hazards.ts'
export { type HazardRule, readHazardRules } from './hazards/rule.ts'
export {
  EXPORT_KINDS,
  type Exported,
  exportImage,
  type ExportKind,
  type ExportOptions,
} from './export/export-image.ts'
export { promoteExports, type Promoted } from './export/promote.ts'
export type { ArchiveCompression } from './export/rootfs.ts'
export { explain, type ExplainOptions } from './explain/explain.ts'
export { ownerText } from './explain/explain-path.ts'
export type { Explanation, PathOwner, Statement } from './explain/types.ts'
export { type CheckLockOptions, missingSonames, refuseMissingSonames } from './lock/check-lock.ts'
export { heldCandidates } from './lock/held.ts'
export { type LockSource, type MadeLock, makeLock, type MakeLockOptions } from './lock/make-lock.ts'
export { readManifest } from './manifest.ts'
export { publishImage, type PublishImageOptions } from './publish/publish-image.ts'
export { type ResolvedFile, type ResolvedSpec, resolveSpec } from './spec/resolve-spec.ts'
export type * from './types.ts'
