import { basename } from 'node:path/posix'
import { compareText } from '@holotype/base'
import type { Store } from '@holotype/store'
import type { PathMap } from '../../compose/path-map.ts'
import { fail } from '../../errors.ts'
import { splitWords } from './split-words.ts'

/** Where hooks lie; one in the second directory replaces the one of its name in the first (alpm-hooks(5), "OVERRIDING"). */
const DIRECTORIES = ['usr/share/libalpm/hooks', 'etc/pacman.d/hooks']

export interface HookTrigger {
  readonly operations: ReadonlySet<string>
  readonly type: 'Path' | 'Package'
  /** Patterns; one that begins with `!` takes back. */
  readonly targets: readonly string[]
}

export interface Hook {
  /** The file's name. */
  readonly name: string
  readonly when: 'PreTransaction' | 'PostTransaction'
  readonly exec: readonly [string, ...string[]]
  readonly needsTargets: boolean
  /** Packages that must be installed, as relations. */
  readonly depends: readonly string[]
  readonly triggers: readonly HookTrigger[]
}

/** The hooks that the image's packages bring, by name. A link to /dev/null hides the one of its name. @throws IMAGE_SCRIPT_FAILED (a hook that pacman would not take) */
export function readHooks({ map, store }: { readonly map: PathMap; readonly store: Store }): Hook[] {
  const found = new Map<string, string>()
  for (const directory of DIRECTORIES)
    for (const path of map.keys())
      if (path.startsWith(`${directory}/`) && path.endsWith('.hook') && !path.slice(directory.length + 1).includes('/'))
        found.set(basename(path), path)
  return [...found]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([name, path]) => {
      const entry = map.get(path)?.entry
      if (entry?.type === 'file') return [parseHook(name, store.read(entry.digest).toString('utf8'))]
      if (entry?.type === 'symlink' && entry.target === '/dev/null') return []
      throw refused(name, 'is no file')
    })
}

/** @throws IMAGE_SCRIPT_FAILED */
export function parseHook(name: string, text: string): Hook {
  const triggers: { operations: Set<string>; type: HookTrigger['type'] | undefined; targets: string[] }[] = []
  const depends: string[] = []
  let section = ''
  let when: Hook['when'] | undefined
  let exec: readonly string[] = []
  let needsTargets = false
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    const wrong = (what: string) => refused(name, `line ${i + 1}: ${what}`)
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('[') && line.endsWith(']')) {
      section = line.slice(1, -1)
      if (section === 'Trigger') triggers.push({ operations: new Set(), type: undefined, targets: [] })
      else if (section !== 'Action') throw wrong(`the section ${line} is none`)
      continue
    }
    const [, key = '', value = ''] = /^(\w+)\s*(?:=\s*(.*))?$/.exec(line) ?? []
    const trigger = triggers.at(-1)
    if (section === 'Trigger' && trigger) {
      if (key === 'Operation' && /^(Install|Upgrade|Remove)$/.test(value)) trigger.operations.add(value)
      // The old name of Path is still taken.
      else if (key === 'Type' && /^(Path|File|Package)$/.test(value))
        trigger.type = value === 'Package' ? 'Package' : 'Path'
      else if (key === 'Target' && value !== '') trigger.targets.push(value)
      else throw wrong(`"${line}" is no setting of a trigger`)
    } else if (section === 'Action') {
      if (key === 'When' && (value === 'PreTransaction' || value === 'PostTransaction')) when = value
      else if (key === 'Exec') exec = splitWords(value) ?? []
      else if (key === 'Depends') depends.push(value)
      else if (key === 'NeedsTargets') needsTargets = true
      else if (key !== 'Description' && key !== 'AbortOnFail') throw wrong(`"${line}" is no setting of an action`)
    } else throw wrong(`"${line}" stands in no section`)
  }
  const complete = triggers.flatMap(({ operations, type, targets }) =>
    type && operations.size > 0 && targets.length > 0 ? [{ operations, type, targets }] : [],
  )
  const [program, ...argv] = exec
  if (program === undefined) throw refused(name, 'has no Exec, or one whose quotes do not end')
  if (when === undefined) throw refused(name, 'has no When')
  if (complete.length < Math.max(1, triggers.length))
    throw refused(name, 'has a trigger without Operation, Type or Target')
  return { name, when, exec: [program, ...argv], needsTargets, depends, triggers: complete }
}

function refused(name: string, what: string): Error {
  return fail('IMAGE_SCRIPT_FAILED', {
    what: `the hook ${name} ${what}`,
    hint: 'mend it in the package, or hide it by a link of its name to /dev/null in /etc/pacman.d/hooks (alpm-hooks(5))',
  })
}
