import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { diffImages, layOut, readManifest } from '@holotype/image'
import { openStore } from '@holotype/store'
import { readDiffoscope } from '../../packages/image/src/diff/testing/diffoscope.ts'
import { readConfig } from '../config.ts'
import { imageOfTree } from '../delivery/tree-image.ts'
import { type Bench, row } from '../harness/bench.ts'
import { measure } from '../harness/measure.ts'
import { Notes } from '../harness/notes.ts'
import { environment, HOLOTYPE } from '../harness/place.ts'
import type { Row } from '../harness/types.ts'

/** Times as fast as diffoscope that were promised. */
const TIMES_FASTER = 20

/** What changes from the first image to the second, with changelogs and CVEs; beside diffoscope on the same two trees. */
export async function differing(bench: Bench): Promise<Row[]> {
  const { place, peers } = bench
  const argv = [HOLOTYPE, 'image', 'diff', place.first, place.second, '--quiet', '--limit', '0'] as const
  // What earlier diffs found out about files, and this one as a whole, is not known: the trees and their files are.
  const notes = new Notes(place, ['diffs', 'details-', 'linked-'])
  const ours = await row(bench, { task: 'show what changes', who: 'holotype image diff', bar: 2 }, () => {
    notes.forget()
    return measure({ argv, cwd: place.distribution, env: environment(place.home) })
  })
  const large = await ofTrees(bench)
  if (!peers.has('diffoscope')) return [ours, ...large]
  const theirs = await besideDiffoscope(bench)
  const times = theirs.seconds.median / ours.seconds.median
  bench.say(
    `${times.toFixed(0)} times as fast as diffoscope${times < TIMES_FASTER ? `: less than ${TIMES_FASTER}` : ''}`,
  )
  return [ours, theirs, ...large]
}

/** The two trees of the bench of delivery, where that has made them: as many paths as a server has, and nothing known of packages. */
async function ofTrees(bench: Bench): Promise<Row[]> {
  const { place, say } = bench
  const { trees } = readConfig()
  const roots = [join(trees, 'release'), join(trees, 'updates')]
  if (!roots.every((root) => existsSync(root))) return []
  const home = join(place.scratch, 'trees')
  const store = openStore(join(home, 'store'))
  const images = roots.map((root) => imageOfTree(store, root))
  await store.flush()
  const paths = images.map((image) => {
    const { files, directories } = readManifest(store, image).stats
    return files + directories
  })
  say(`trees of ${paths.join(' and ')} paths`)
  const argv = [HOLOTYPE, 'image', 'diff', ...images, '--quiet', '--limit', '0'] as const
  const named = { task: `show what changes, ${paths[0]} paths`, who: 'holotype image diff', bar: 2 }
  const measured = await row(bench, named, () => {
    rmSync(join(home, 'store/notes'), { recursive: true, force: true })
    return measure({ argv, cwd: place.distribution, env: environment(home) })
  })
  return [measured]
}

/** One round: it takes minutes. It is spared the metadata of every path, which it asks other programs for one by one. */
async function besideDiffoscope(bench: Bench): Promise<Row> {
  const { place, say } = bench
  const [before, after] = [place.first, place.second].map((image) =>
    layOut(place.store, readManifest(place.store, image)),
  )
  if (before === undefined || after === undefined) throw new Error('no two images')
  const out = join(place.scratch, 'diffoscope.json')
  const words = ['--no-progress', '--exclude-directory-metadata=recursive', '--json', out, before, after]
  const found = await row(
    { ...bench, rounds: 1 },
    { task: 'show what changes', who: 'diffoscope, without metadata' },
    () => measure({ argv: ['diffoscope', ...words], codes: [0, 1] }),
  )
  const { paths } = readDiffoscope(readFileSync(out, 'utf8'), [before, after])
  const { diff } = diffImages(place.store, place.first, place.second)
  const ours = new Set(diff.files.map(({ path }) => path.slice(1)))
  const missed = [...paths].filter((path) => !ours.has(path))
  say(
    `of ${paths.size} paths that diffoscope finds, we miss ${missed.length}${missed.length > 0 ? `: ${missed.slice(0, 20).join(', ')}` : ''}`,
  )
  return found
}
