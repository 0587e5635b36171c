/** A package as xbps names it, `name-version_revision`, taken apart. */
export interface Pkgver {
  readonly name: string
  /** With the revision: `1.2_1`. */
  readonly version: string
}

/** Bytes of a name: XBPS_NAME_SIZE with its NUL is 64. */
const NAME_BYTES = 63
const VERSION_BYTES = 255

/**
 * Splits `foo-bar-1.2_1` at its last dash. What follows must hold a digit before its first `_`, and nothing but digits and `_` after it;
 * so no dash goes into a version. Undefined if it is no pkgver.
 */
export function splitPkgver(text: string): Pkgver | undefined {
  const dash = text.lastIndexOf('-')
  if (dash <= 0) return undefined
  const name = text.slice(0, dash)
  const version = text.slice(dash + 1)
  return isName(name) && isVersion(version) ? { name, version } : undefined
}

/** True for what may stand as a package's name: it becomes part of a file's name and of patterns. */
export function isName(text: string): boolean {
  return text.length <= NAME_BYTES && /^[A-Za-z0-9_+@~][A-Za-z0-9_+@~.:,%-]*$/.test(text)
}

/** True for a version with its revision. */
export function isVersion(text: string): boolean {
  return text.length <= VERSION_BYTES && /^(?=[^_]*[0-9])[A-Za-z0-9+~.:@,%]+_[0-9_]+$/.test(text)
}

/** True for an architecture: `x86_64`, `x86_64-musl`, `noarch`. */
export function isArchitecture(text: string): boolean {
  return text.length <= NAME_BYTES && /^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(text)
}
