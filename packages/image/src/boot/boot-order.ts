import type { Digest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { type ImageFiles, openImageFiles } from './image-files.ts'
import { systemdOrder } from './order.ts'
import { runitOrder } from './runit.ts'
import { sysvOrder } from './sysv.ts'
import type { BootOrder } from './types.ts'

/** Where the kernel finds its first program (init(1); `init=` on its command line aside). */
const INITS = ['sbin/init', 'etc/init', 'bin/init'] as const

/**
 * What starts when an image boots and in which order, from its tree alone. Undefined for an image without an init: it does not boot.
 * @throws IMAGE_MALFORMED, OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID
 */
export function bootOrder(store: Store, root: Digest): BootOrder | undefined {
  const files = openImageFiles(store, root)
  const system = initOf(files)
  if (system === 'systemd') return systemdOrder(files)
  if (system === 'sysv') return sysvOrder(files)
  return system === 'runit' ? runitOrder(files) : undefined
}

/** The order that an image was composed with; of one from before orders were frozen, what its tree says. @throws as {@link bootOrder} */
export function frozenBootOrder(
  store: Store,
  { boot, tree }: { readonly boot?: Digest | undefined; readonly tree: Digest },
): BootOrder | undefined {
  if (boot === undefined) return bootOrder(store, tree)
  const order = store.readJson(boot)
  if (!isBootOrder(order)) throw fail('IMAGE_MALFORMED', { what: `${boot} is no order of start` })
  return order
}

/** The object was made by `compose` and verified by its digest: its schema word tells what it is. */
function isBootOrder(value: unknown): value is BootOrder {
  return typeof value === 'object' && value !== null && 'schema' in value && value.schema === 'holotype.boot/1'
}

function initOf(files: ImageFiles): BootOrder['system'] | undefined {
  for (const path of INITS) {
    const at = files.resolve(path)?.path
    if (at === undefined) continue
    if (/(^|\/)systemd$/.test(at)) return 'systemd'
    if (/(^|\/)runit-init$/.test(at)) return 'runit'
    return files.list('etc/init.d').length > 0 ? 'sysv' : undefined
  }
  return undefined
}
