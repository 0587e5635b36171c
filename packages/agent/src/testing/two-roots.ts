import { realpathSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { makeWorld, type World } from './world.ts'

/** A node with the roots `a` and `b` that is not booted: which one runs is what a link says. */
export interface TwoRootsWorld extends AsyncDisposable {
  readonly world: World
  readonly a: string
  readonly b: string
  /** The link that leads to the root that starts next. */
  readonly current: string
  /** Starts the root that the link leads to, or another one. */
  boot(directory?: string): void
  /** The root that starts next. */
  next(): string
}

/** `activate`: writes the activation program below a directory and gives its path. */
export async function makeTwoRoots(
  options: { readonly parent?: string; readonly activate?: (directory: string) => string } = {},
): Promise<TwoRootsWorld> {
  const world = await makeWorld(options.parent)
  const at = (name: string) => join(world.directory, name)
  const [a, b, current, running] = [at('a'), at('b'), at('current'), at('running')]
  const activate = options.activate?.(world.directory)
  await world.enrol(undefined, {
    root: running,
    roots: { directories: [a, b], current, ...(activate === undefined ? {} : { activate }) },
  })
  return {
    world,
    a,
    b,
    current,
    boot(directory = realpathSync(current)) {
      rmSync(running, { force: true })
      symlinkSync(directory, running)
    },
    next: () => realpathSync(current),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}
