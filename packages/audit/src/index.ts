export { type Finding, type FindingKind, findingsOf } from './findings.ts'
export { canonicalSet, compareEntries, type PackageSetEntry, setDigest, setText } from './set.ts'
