import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Digest } from '@holotype/base'
import type { AgentConfig } from '../config.ts'
import { fail } from '../errors.ts'
import { type NodeState, readJournal, readNodeState } from '../state/node-state.ts'
import { mountsBelow } from '../tree/territory.ts'

/** Two directories of which one runs, from `config.json`. */
export type TwoRoots = NonNullable<AgentConfig['roots']>

/** One of the two. */
export interface Root {
  /** As it is configured. */
  readonly name: string
  /** As this process reaches it: `/` where it runs. */
  readonly directory: string
  /** What the agent keeps of it: the image it is at, its trees, its stat cache, what is staged for it. */
  readonly state: string
}

export interface Roots {
  /** The one that runs; undefined where neither does: an installer, a rescue system. */
  readonly running: Root | undefined
  /** The one that may be written. */
  readonly other: Root
}

/** Which of the two is the running system's root, found by its inode, as it has another name there: `/`. */
export function findRoots(state: string, { root, roots }: { readonly root: string; readonly roots: TwoRoots }): Roots {
  const [nameA, nameB] = roots.directories
  const a: Root = { name: nameA, directory: nameA, state: join(state, 'root-a') }
  const b: Root = { name: nameB, directory: nameB, state: join(state, 'root-b') }
  if (isSame(nameA, root)) return { running: { ...a, directory: root }, other: b }
  if (isSame(nameB, root)) return { running: { ...b, directory: root }, other: a }
  return { running: undefined, other: startsNext(roots) === nameA ? b : a }
}

/** The root, as configured, that the link leads to; undefined when it leads to neither. */
export function startsNext({ directories, current }: TwoRoots): string | undefined {
  return directories.find((directory) => isSame(directory, current))
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false, bigint: true }))
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev
}

/** The image that a root is at as a whole; null when it is at none, or somebody was killed while writing it. */
export function wholeImage({ state }: Root): Digest | null {
  return readJournal(state) ? null : readNodeState(state).image
}

/** The root to which the running one can go back: it is whole, and at the image from which the running one came. */
export function wayBack({ running, other }: Roots): { readonly root: Root; readonly image: Digest } | undefined {
  const image = wholeImage(other)
  return running && image !== null && readNodeState(running.state).previous === image
    ? { root: other, image }
    : undefined
}

/** What the node says of itself: the image that runs, and the last statement that either root was brought to. */
export function nodeOf({ running, other }: Roots): NodeState {
  const there = readNodeState(other.state)
  const here = running ? readNodeState(running.state) : there
  return { ...here, statement: Math.max(here.statement, there.statement) }
}

/** The running root (of a node with one root: its root) and what is kept of it. */
export function runningRoot(state: string, { root, roots }: AgentConfig): Root {
  return (roots && findRoots(state, { root, roots }).running) ?? { name: root, directory: root, state }
}

/**
 * Two roots must be two directories beside each other, with the state directory and the link in neither: both are the same for either root that runs.
 * Gives the directories resolved.
 * @throws AGENT_ROOTS
 */
export function checkRoots({ directories, current, activate }: TwoRoots, state: string): TwoRoots {
  for (const directory of directories) mkdirSync(directory, { recursive: true })
  const [a, b] = directories
  const resolved = [realpathSync(a), realpathSync(b)] as const
  checkApart(resolved[0], [resolved[1]])
  checkApart(resolved[1], [resolved[0]])
  checkApart(state, resolved)
  checkApart(dirname(current), resolved)
  return { directories: resolved, current, ...(activate === undefined ? {} : { activate }) }
}

/**
 * A directory must lie in none of these roots: it is mounted where it seems to lie in one.
 * @throws AGENT_ROOTS, also when it is not there
 */
export function checkApart(directory: string, roots: readonly string[]): void {
  if (!existsSync(directory)) throw fail('AGENT_ROOTS', { what: `${directory} is not there` })
  const within = directoriesAbove(realpathSync(directory)).find((above) => roots.some((root) => isSame(root, above)))
  if (within !== undefined) throw fail('AGENT_ROOTS', { what: `${directory} lies in the root ${within}` })
}

/** A path and those above it on the same mount: what is mounted in a root is not part of it. */
function directoriesAbove(path: string): string[] {
  const mounts = mountsBelow('/')
  const above = [path]
  for (let at = path; at !== '/' && !mounts.has(at); at = dirname(at)) above.push(dirname(at))
  return above
}
