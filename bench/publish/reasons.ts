import type { Row } from '../harness/types.ts'

/** Why a peer's whole process can be ahead of ours, by what the task begins with. */
const REASONS = [
  [
    /^one /,
    'ours starts Node, loads its modules and reads its declaration first, and flushes the disk before clients see the state, which no peer does; the work itself is the row "in a process that runs".',
  ],
  [
    /^nothing new /,
    'ours is the start of Node and little else; the work itself is the row "in a process that runs", and it writes nothing.',
  ],
  [
    / cold$/,
    'every payload is unpacked and looked through to its end before a package enters, which none of these peers does; the row "payloads unread" does as they do, and still hashes, copies, signs, keeps generations and flushes, of which apt-ftparchive hashes alone.',
  ],
] as const satisfies readonly (readonly [RegExp, string])[]

/** A sentence for each task in which a whole process of ours is not the fastest. */
export function reasonsFor(rows: readonly Row[]): readonly string[] {
  return [...Map.groupBy(rows, ({ task }) => task)].flatMap(([task, those]) => {
    const whole = those.filter(({ who }) => !who.endsWith('in a process that runs'))
    const fastest = whole.toSorted((a, b) => a.seconds.median - b.seconds.median)[0]
    if (!fastest || fastest.who.startsWith('holotype')) return []
    const reason = REASONS.find(([pattern]) => pattern.test(task))?.[1]
    return reason === undefined ? [] : [`- ${task}: the fastest is ${fastest.who}: ${reason}`]
  })
}
