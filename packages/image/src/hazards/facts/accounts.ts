import type { Asked } from '../facts.ts'
import { readConfiguration, type Sides } from '../sides.ts'

/** Users and groups of the same name with another number, numbers that go to another name, and files that go to another number. */
export function accountsRenumbered({ sides, files }: Asked): string[] {
  const moved = files.flatMap(({ path, before, after }) => {
    const same = !before || !after || (before.uid === after.uid && before.gid === after.gid)
    return same ? [] : [`${path}: ${before.uid}:${before.gid} becomes ${after.uid}:${after.gid}`]
  })
  return [...inTable(sides, '/etc/passwd', 'user'), ...inTable(sides, '/etc/group', 'group'), ...moved]
}

function inTable({ store, before, after }: Sides, path: string, what: string): string[] {
  const [old, next] = [before, after].map((image) => numbersOf(readConfiguration(store, image, path)))
  if (!old || !next) return []
  const nameOf = new Map([...old].map(([name, number]) => [number, name]))
  return [...next].flatMap(([name, number]) => {
    const was = old.get(name)
    if (was !== undefined) return was === number ? [] : [`${what} ${name}: ${was} becomes ${number}`]
    const other = nameOf.get(number)
    return other === undefined || next.get(other) === number
      ? []
      : [`${what} ${name} gets ${number}, which was ${other}'s`]
  })
}

/** Names and numbers of passwd(5) and group(5): both have the number third. */
function numbersOf(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const [name, , number] = line.split(':')
      return name && number !== undefined && /^\d+$/.test(number) ? [[name, number]] : []
    }),
  )
}
