import { parseVersion as parseDeb } from '../deb/version.ts'
import { parseVersion as parseRpm } from '../rpm/version.ts'

/** A version in the other format's characters; `changed` is false when only the separators of its three parts differ. */
export interface ConvertedVersion {
  readonly text: string
  readonly changed: boolean
}

/**
 * A Debian version as rpm's `epoch:version-release`. `-` and `:` inside the upstream part become `_`, which rpm takes for a separator
 * too. A native package has no revision: its release is 0, as dpkg orders it (deb-version(7)).
 */
export function rpmVersionOf(deb: string): ConvertedVersion {
  const { epoch, upstream, revision } = parseDeb(deb)
  const version = upstream.replace(/[-:]/g, '_')
  return {
    text: `${epoch > 0 ? `${epoch}:` : ''}${version}-${revision === '' ? '0' : revision}`,
    changed: version !== upstream,
  }
}

/**
 * As {@link rpmVersionOf}, for a version that a relation names: without a revision it stays without, and so meets every release (rpm) where
 * dpkg meets the one without a revision alone.
 */
export function rpmVersionInRelation(deb: string): string {
  const { text } = rpmVersionOf(deb)
  return parseDeb(deb).revision === '' ? text.replace(/-0$/, '') : text
}

/**
 * An rpm EVR as a Debian version. `^` (after the base, before the next) becomes `+`, `_` becomes `.`: dpkg knows neither (deb-version(7)).
 * A version that starts with a letter gets a 0 in front.
 */
export function debVersionOf(evr: string): ConvertedVersion {
  const { epoch, upstream, revision } = parseRpm(evr)
  const clean = (part: string) => part.replaceAll('^', '+').replaceAll('_', '.')
  const version = clean(/^\d/.test(upstream) ? upstream : `0${upstream}`)
  const release = clean(revision)
  return {
    text: `${epoch > 0 ? `${epoch}:` : ''}${version}${release === '' ? '' : `-${release}`}`,
    changed: version !== upstream || release !== revision,
  }
}
