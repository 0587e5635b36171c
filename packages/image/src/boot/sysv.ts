import { compareText } from '@holotype/base'
import { lsbHeader } from './generated-units.ts'
import { layers, shortestCycles } from './graph.ts'
import type { ImageFiles } from './image-files.ts'
import type { BootOrder, BootUnit } from './types.ts'

/**
 * What an image with sysvinit starts in `rcS.d` and its default runlevel, ordered by the headers of the init scripts as insserv(8) reads
 * them: `$facilities` from `/etc/insserv.conf` and its directory.
 */
export function sysvOrder(files: ImageFiles): BootOrder {
  const runlevel = /^id:(\d):initdefault:/m.exec(files.text('etc/inittab') ?? '')?.[1] ?? '2'
  const scripts = new Map<
    string,
    { stage: 'S' | 'run'; header: ReadonlyMap<string, readonly string[]>; pulledBy: string }
  >()
  for (const [directory, stage] of [
    ['rcS.d', 'S'],
    [`rc${runlevel}.d`, 'run'],
  ] as const)
    for (const entry of files.list(`etc/${directory}`)) {
      const name = /^S\d\d(.+)$/.exec(entry.name)?.[1]
      if (name === undefined || scripts.has(name)) continue
      const header = lsbHeader(files.text(`etc/init.d/${name}`) ?? '')
      scripts.set(name, { stage, header, pulledBy: `/etc/${directory}` })
    }
  const facilities = facilityTable(files)
  const providers = new Map<string, string[]>()
  for (const [name, { header }] of scripts)
    for (const provided of [name, ...(header.get('provides') ?? [])])
      providers.set(provided, [...new Set([...(providers.get(provided) ?? []), name])])
  const resolve = (word: string, seen: ReadonlySet<string> = new Set()): string[] => {
    const optional = word.replace(/^\+/, '')
    if (!optional.startsWith('$')) return providers.get(optional) ?? []
    if (seen.has(optional)) return []
    return (facilities.get(optional) ?? []).flatMap((other) => resolve(other, new Set([...seen, optional])))
  }
  const after = new Map([...scripts.keys()].map((name) => [name, new Map<string, string>()]))
  const missing: string[] = []
  const order = (first: string, second: string, why: string): void => {
    if (first !== second && !after.get(second)?.has(first)) after.get(second)?.set(first, why)
  }
  for (const [name, { header, stage }] of scripts) {
    for (const word of header.get('required-start') ?? []) {
      const found = resolve(word)
      if (found.length === 0 && !word.startsWith('$') && !word.startsWith('+'))
        missing.push(`${name} needs ${word} (Required-Start), which is not in the image`)
      for (const other of found) order(other, name, 'Required-Start')
    }
    for (const word of header.get('should-start') ?? [])
      for (const other of resolve(word)) order(other, name, 'Should-Start')
    for (const word of header.get('x-start-before') ?? [])
      for (const other of resolve(word)) order(name, other, `X-Start-Before of ${name}`)
    if (stage === 'run')
      for (const [other, one] of scripts) if (one.stage === 'S') order(other, name, 'rcS.d comes first')
  }
  const levels = layers(after)
  return {
    schema: 'holotype.boot/1',
    system: 'sysv',
    goal: `runlevel ${runlevel}`,
    units: [...scripts]
      .map(
        ([name, { pulledBy }]): BootUnit => ({
          name,
          file: `/etc/init.d/${name}`,
          level: levels.get(name) ?? 0,
          pulledBy: [{ unit: pulledBy, why: 'link' }],
          after: [...(after.get(name) ?? [])]
            .map(([unit, why]) => ({ unit, why }))
            .sort((a, b) => compareText(a.unit, b.unit)),
          conditional: false,
        }),
      )
      .sort((a, b) => a.level - b.level || compareText(a.name, b.name)),
    absent: [],
    problems: [
      ...missing.map((what) => ({ kind: 'missing' as const, what })),
      ...shortestCycles(after).map((what) => ({ kind: 'cycle' as const, what })),
    ],
  }
}

/** `$network networking +network-manager` lines of insserv.conf(5). */
function facilityTable(files: ImageFiles): ReadonlyMap<string, readonly string[]> {
  const table = new Map<string, string[]>()
  const texts = [
    'etc/insserv.conf',
    ...files.list('etc/insserv.conf.d').map(({ name }) => `etc/insserv.conf.d/${name}`),
  ]
  for (const text of texts.map((path) => files.text(path) ?? ''))
    for (const line of text.split('\n')) {
      const [name, ...words] = line.trim().split(/\s+/)
      if (name?.startsWith('$')) table.set(name, [...(table.get(name) ?? []), ...words])
    }
  return table
}
