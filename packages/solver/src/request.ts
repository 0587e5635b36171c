import { nearest } from '@holotype/base'
import type { Dependencies, Relation } from '@holotype/formats'
import { fail } from './errors.ts'
import type { ResolveRequest, Universe } from './types.ts'

/** What the request itself needs: a group of alternatives, and on whose account. */
export interface Wanted {
  readonly group: readonly Relation[]
  readonly account: 'install' | 'extra' | 'essential'
}

const FORM = /^([A-Za-z0-9][A-Za-z0-9+._-]*)(?::([a-z0-9-]+))?(?:=([!-~]+))?$/

/**
 * The request as groups of alternatives: the packages asked for, the extra relations, then the essential packages.
 * @throws RESOLVE_REQUEST, RESOLVE_UNKNOWN_PACKAGE
 */
export function wantedBy(request: ResolveRequest, universe: Universe): Wanted[] {
  const install = request.install.map((text): Wanted => {
    const relation = parseWanted(text)
    checkKnown(universe, relation.name)
    return { group: [relation], account: 'install' }
  })
  const extra: Dependencies = request.extra ?? []
  const excluded = new Set(request.exclude)
  const essential = (request.essential ?? true) ? universe.essential.filter((name) => !excluded.has(name)) : []
  return [
    ...install,
    ...extra.map((group): Wanted => ({ group, account: 'extra' })),
    ...essential.map((name): Wanted => ({ group: [{ name }], account: 'essential' })),
  ]
}

function parseWanted(text: string): Relation {
  const [, name, architecture, version] = FORM.exec(text) ?? []
  if (name === undefined) throw fail('RESOLVE_REQUEST', { what: `"${text}" is no package name` })
  return {
    name,
    ...(architecture === undefined ? {} : { architecture }),
    ...(version === undefined ? {} : { operator: '=', version }),
  }
}

function checkKnown(universe: Universe, name: string): void {
  if (universe.byName.has(name) || universe.providers.has(name)) return
  const known = [...universe.byName.keys()]
  // A slip of the pen seldom hits the first letter.
  const near =
    nearest(
      name,
      known.filter((other) => other[0] === name[0]),
    ) ?? nearest(name, known)
  throw fail('RESOLVE_UNKNOWN_PACKAGE', {
    what: `no source offers a package named ${name}${near === undefined ? '' : `; the nearest is ${near}`}`,
    data: { package: name, ...(near === undefined ? {} : { nearest: near }) },
  })
}
