import { compileGlobs } from '@holotype/base'
import type { ResolvedSpec } from './resolve-spec.ts'

/** One reason why paths of packages are left out, or kept all the same. */
export interface PruneRule {
  /** The place in the spec. */
  readonly key: readonly (string | number)[]
  readonly glob: string
  readonly keep: boolean
}

/** Every rule of a spec; what one keeps is kept whichever leaves it out. */
export function pruneRules({ prune }: Pick<ResolvedSpec, 'prune'>): PruneRule[] {
  const rules = (key: string, globs: readonly string[], keep = false) =>
    globs.map((glob) => ({ key: ['prune', key], glob, keep }))
  const listed = (key: string, globs: readonly string[], keep = false) =>
    globs.map((glob, index) => ({ key: ['prune', key, index], glob, keep }))
  return [
    ...listed('paths', prune.paths),
    ...listed('keep', prune.keep, true),
    // The links of alternatives to pages that are not there.
    ...(prune.man ? [] : rules('man', ['/usr/share/man/**', '/etc/alternatives/*.gz'])),
    ...(prune.docs
      ? []
      : [
          ...rules('docs', ['/usr/share/doc/**', '/usr/share/doc-base/**', '/usr/share/gtk-doc/**']),
          // Licences must travel with what they license; the directories, for some are links to where the text is.
          ...rules('docs', ['/usr/share/doc/*', '/usr/share/doc/*/copyright'], true),
        ]),
    ...(prune.info ? [] : rules('info', ['/usr/share/info/**'])),
    ...(prune.locales === undefined ? [] : localeRules(prune.locales)),
  ]
}

function localeRules(locales: readonly string[]): PruneRule[] {
  const key = ['prune', 'locales']
  const left = ['/usr/share/locale/*/**', '/usr/share/locale/*', ...MANUALS.map((name) => `/usr/share/man/${name}/**`)]
  const below = (root: string, locale: string) => [`${root}/${locale}`, `${root}/${locale}/**`]
  const kept = locales.flatMap((locale) =>
    // A language brings its regions, a region its language: that is where most of the texts are (gettext's own fallback).
    [locale, `${locale}_*`, `${locale}@*`, locale.replace(/[_@].*/, '')].flatMap((name) => [
      ...below('/usr/share/locale', name),
      ...below('/usr/share/man', name),
    ]),
  )
  return [
    ...left.map((glob) => ({ key, glob, keep: false })),
    ...['/usr/share/locale/locale.alias', ...kept].map((glob) => ({ key, glob, keep: true })),
  ]
}

/** Directories of translated manual pages: `de`, `pt_BR`, `sr@latin`; `man1` and its like are longer than a language and have no mark. */
const MANUALS = ['??', '???', '??_*', '??@*', '??.*'] as const

/** Whether a path of a package is left out. */
export function pruner(spec: Pick<ResolvedSpec, 'prune'>): (path: string) => boolean {
  const rules = pruneRules(spec)
  const globsOf = (keep: boolean) => rules.filter((rule) => rule.keep === keep).map(({ glob }) => glob)
  const paths = compileGlobs(globsOf(false))
  const kept = compileGlobs(globsOf(true))
  return (path) => paths(path) && !kept(path)
}
