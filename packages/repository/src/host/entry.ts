import { fail } from '../errors.ts'

/** One entry of apt's sources, whichever of the two forms it was written in (sources.list(5)). */
export interface SourceEntry {
  readonly types: readonly string[]
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** Options by their deb822 name in lower case: `signed-by`, `architectures`, `check-valid-until`. */
  readonly options: ReadonlyMap<string, string>
  readonly enabled: boolean
  /** `file:line` of its start. */
  readonly where: string
}

/** The words of a value. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

export function malformed(where: string, why: string, cause?: unknown): Error {
  return fail('UPSTREAM_SOURCES_MALFORMED', { what: `${where}: ${why}`, cause })
}
