import { compareText } from '@holotype/base'
import type { ImageFiles } from './image-files.ts'
import { fstabUnits, type GeneratedUnit, sysvUnits } from './generated-units.ts'
import { parseUnit, type UnitSettings, wordsOf } from './unit-file.ts'
import { readUnitNames, templateOf, UNIT_PATH, type UnitNames } from './unit-names.ts'

/** A unit as the image has it. */
export interface Unit {
  /** Its own name, where an alias led to it. */
  readonly name: string
  readonly file: string
  readonly settings: UnitSettings
  /** Units that `.wants`, `.requires` and `.upholds` directories add: `[Wants, name]`. */
  readonly links: readonly (readonly [how: 'Wants' | 'Requires' | 'Upholds', unit: string])[]
}

export interface UnitLoader {
  /** The unit of a name or alias; `masked` where it leads to nothing on purpose; undefined where there is none. */
  load(name: string): Unit | 'masked' | undefined
}

/** Loads units of an image on demand, each once. */
export function openUnits(files: ImageFiles): UnitLoader {
  const names = readUnitNames(files)
  const loaded = new Map<string, Unit | 'masked' | undefined>()
  const generated = new Map<string, Unit>()
  const links = new Map<string, (readonly ['Wants' | 'Requires', string])[]>()
  for (const [name, made] of [...fstabUnits(files), ...sysvUnits(files)]) {
    // A unit of the image's own comes before a generator's.
    if (find(files, names, name) !== undefined) continue
    const unit = generatedUnit(name, made)
    generated.set(name, unit)
    for (const [how, key] of [
      ['Wants', 'WantedBy'],
      ['Requires', 'RequiredBy'],
    ] as const)
      for (const goal of wordsOf(unit.settings, `Install.${key}`))
        links.set(goal, [...(links.get(goal) ?? []), [how, name]])
  }
  const load = (name: string): Unit | 'masked' | undefined => {
    if (loaded.has(name)) return loaded.get(name)
    const found = find(files, names, name) ?? generated.get(name)
    const unit =
      typeof found === 'object'
        ? (loaded.get(found.name) ?? { ...found, links: [...found.links, ...(links.get(found.name) ?? [])] })
        : found
    loaded.set(name, unit)
    if (typeof unit === 'object') loaded.set(unit.name, unit)
    return unit
  }
  return { load }
}

function generatedUnit(name: string, { file, text }: GeneratedUnit): Unit {
  return { name, file, settings: parseUnit([text]), links: [] }
}

function find(files: ImageFiles, names: UnitNames, asked: string): Unit | 'masked' | undefined {
  const found = names.find(asked)
  if (found === undefined) return undefined
  const at = files.resolve(found.path)
  const text = at && files.text(at.path)
  if (found.path === '/dev/null' || text === '') return 'masked'
  if (at === undefined || text === undefined) return undefined
  const { own } = found
  const all = [own, ...names.aliases(own)]
  return {
    name: own,
    file: `/${at.path}`,
    settings: parseUnit([text, ...dropIns(files, all)].map((one) => expand(one, own))),
    links: all.flatMap((name) => linksOf(files, name)),
  }
}

/** The directories of drop-ins of a unit's names, the first in each before the next (systemd.unit(5)): its own, its template's, those of its prefixes; those of its type after all. */
function dropInDirectories(names: readonly string[]): string[] {
  const types = new Set(names.map((name) => name.slice(name.lastIndexOf('.') + 1)))
  const bases = names.map((name) => {
    const type = name.slice(name.lastIndexOf('.') + 1)
    const stem = name.slice(0, name.lastIndexOf('.'))
    const prefixes = [...stem.matchAll(/-/g)].map(({ index }) => `${stem.slice(0, index + 1)}.${type}`).reverse()
    return [name, templateOf(name) ?? [], prefixes].flat()
  })
  return [...bases, [...types]].flatMap((some) =>
    UNIT_PATH.flatMap((directory) => some.map((base) => `${directory}/${base}.d`)),
  )
}

/** Drop-ins in order of their names; of one name the first directory has it. */
function dropIns(files: ImageFiles, names: readonly string[]): string[] {
  const found = new Map<string, string>()
  for (const directory of dropInDirectories(names)) {
    for (const { name } of files.list(directory)) {
      if (name.endsWith('.conf') && !found.has(name)) found.set(name, files.text(`${directory}/${name}`) ?? '')
    }
  }
  return [...found].sort(([a], [b]) => compareText(a, b)).map(([, text]) => text)
}

function linksOf(files: ImageFiles, name: string): Unit['links'] {
  const template = templateOf(name)
  const names = template === undefined ? [name] : [name, template]
  const kinds = [
    ['Wants', 'wants'],
    ['Requires', 'requires'],
    ['Upholds', 'upholds'],
  ] as const
  return kinds.flatMap(([how, ending]) =>
    names.flatMap((base) =>
      UNIT_PATH.flatMap((directory) =>
        files.list(`${directory}/${base}.${ending}`).map((entry) => [how, entry.name] as const),
      ),
    ),
  )
}

/** The specifiers that name the unit itself (systemd.unit(5), "Specifiers"). */
function expand(text: string, name: string): string {
  if (!text.includes('%')) return text
  const stem = name.slice(0, name.lastIndexOf('.'))
  const [prefix = stem, instance = ''] = stem.includes('@')
    ? [stem.slice(0, stem.indexOf('@')), stem.slice(stem.indexOf('@') + 1)]
    : []
  const last = prefix.slice(prefix.lastIndexOf('-') + 1)
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    n: name,
    N: stem,
    p: prefix,
    P: unescaped(prefix),
    i: instance,
    I: unescaped(instance),
    j: last,
    J: unescaped(last),
  }
  return text.replace(/%([%nNpPiIjJ])/g, (_all, letter: string) => values[letter] ?? '')
}

function unescaped(text: string): string {
  return text
    .replaceAll('-', '/')
    .replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
