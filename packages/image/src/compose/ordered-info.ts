import { compareText } from '@holotype/base'
import type { Store } from '@holotype/store'
import type { PathMap } from './path-map.ts'

const DIRECTORY_FILE = 'usr/share/info/dir'
const MENU = '\n* Menu:\n'

/**
 * Sorts the menu of the Info directory (texinfo, "Installing Info Files") that scripts made. install-info(1) sorts it, but leaves entries of which one
 * begins another in the order in which it met them, which is that of the file system's directory: no other file of some two hundred packages depends on it.
 */
export function orderInfo(map: PathMap, store: Store): void {
  const found = map.get(DIRECTORY_FILE)
  if (found?.entry.type !== 'file' || !found.owner.startsWith('step:')) return
  const text = store.read(found.entry.digest).toString('latin1')
  const menu = text.indexOf(MENU)
  if (menu < 0) return
  const start = menu + MENU.length
  const bytes = Buffer.from(text.slice(0, start) + orderedMenu(text.slice(start)), 'latin1')
  map.set(DIRECTORY_FILE, { ...found, entry: { ...found.entry, digest: store.put(bytes), size: bytes.length } })
}

/** The sections stay, the entries of each are sorted. */
function orderedMenu(text: string): string {
  const lines: string[] = []
  let entries: string[][] = []
  const endSection = () => {
    lines.push(...entries.sort((a, b) => compareText(labelOf(a), labelOf(b)) || compareText(a.join(), b.join())).flat())
    entries = []
  }
  for (const line of text.split('\n')) {
    if (line.startsWith('* ')) entries.push([line])
    else if (line !== '' && entries.length > 0 && /^\s/.test(line)) entries.at(-1)?.push(line)
    else {
      endSection()
      lines.push(line)
    }
  }
  endSection()
  return lines.join('\n')
}

function labelOf([first = '']: readonly string[]): string {
  return (/^\* ([^:]*)/.exec(first)?.[1] ?? '').toLowerCase()
}
