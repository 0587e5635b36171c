import { type Digest, nearest } from '@holotype/base'
import { dropSnapshot, takenSnapshots } from '@holotype/repository'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import { pinsOf } from '../../work/pins.ts'
import { locksBySnapshot } from '../../work/snapshots.ts'

interface Dropped {
  readonly dropped: string
}

export const exclusive = true

/** Takes a snapshot's name away; not the last one of what a lock or holotype.yaml needs. @throws NAME_UNKNOWN, SNAPSHOT_LOCKED, SNAPSHOT_PINNED, LOCK_MALFORMED */
export async function run(context: Context, _flags: CommonFlags, name: string): Promise<Dropped> {
  const distribution = await context.distribution()
  const store = await context.store()
  const notes = takenSnapshots(store)
  const note = notes.find((one) => one.name === name)
  if (!note) {
    const near = nearest(
      name,
      notes.flatMap((one) => one.name ?? []),
    )
    throw fail('NAME_UNKNOWN', {
      what: `no snapshot is called ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
      hint: 'see `holotype repo list`',
    })
  }
  // As long as another name keeps it, this one is nobody's need.
  if (!notes.some((one) => one.name !== null && one !== note && one.snapshot === note.snapshot))
    refuseNeeded({ distribution, store }, name, note.snapshot)
  dropSnapshot(store, name)
  await store.flush()
  return { dropped: name }
}

/** @throws SNAPSHOT_LOCKED, SNAPSHOT_PINNED, LOCK_MALFORMED */
function refuseNeeded(known: Parameters<typeof locksBySnapshot>[0], name: string, snapshot: Digest): void {
  const pinned = [...pinsOf(known.distribution)].filter(([, digest]) => digest === snapshot)
  if (pinned.length > 0)
    throw fail('SNAPSHOT_PINNED', {
      what: `holotype.yaml pins ${pinned.map(([upstream]) => upstream).join(', ')} to ${name}`,
    })
  const images = (locksBySnapshot(known).get(snapshot) ?? []).map(({ image }) => image)
  if (images.length === 0) return
  throw fail('SNAPSHOT_LOCKED', {
    what: `${name} is what these images were locked from: ${images.join(', ')}`,
    hint: `lock them from another state first: ${images.map((image) => `\`holotype image lock ${image}\``).join(', ')}`,
  })
}

export function show({ dropped }: Dropped): string {
  return `Dropped ${dropped}\n`
}
