import { compareText } from '@holotype/base'
import type { ImageFiles } from './image-files.ts'
import type { BootOrder } from './types.ts'

/** Where runit's stage 2 looks for services (runsvdir(8); Debian's and Void's places). */
const DIRECTORIES = ['etc/runit/runsvdir/default', 'etc/service', 'var/service'] as const

/**
 * What runit starts: every service directory at once. It knows no order; a `run` script that waits for another says `sv check NAME`, and
 * that is what is drawn.
 */
export function runitOrder(files: ImageFiles): BootOrder | undefined {
  const directory = DIRECTORIES.find((one) => files.list(one).length > 0)
  if (directory === undefined) return undefined
  const names = files
    .list(directory)
    .map(({ name }) => name)
    .filter((name) => files.text(`${directory}/${name}/run`) !== undefined)
  const units = names.sort(compareText).map((name) => {
    const script = files.text(`${directory}/${name}/run`) ?? ''
    const checked = [...script.matchAll(/\bsv\s+(?:-w\s*\d+\s+)?(?:check|start)\s+([A-Za-z0-9_.@-]+)/g)].flatMap(
      ([, other]) => (other === undefined ? [] : [other]),
    )
    const after = [...new Set(checked)].filter((other) => names.includes(other) && other !== name).sort(compareText)
    return {
      name,
      file: `/${directory}/${name}/run`,
      level: 0,
      pulledBy: [{ unit: `/${directory}`, why: 'service directory' }],
      after: after.map((unit) => ({ unit, why: 'sv check' })),
      conditional: files.list(`${directory}/${name}`).some((entry) => entry.name === 'down'),
    }
  })
  return { schema: 'holotype.boot/1', system: 'runit', goal: `/${directory}`, units, absent: [], problems: [] }
}
