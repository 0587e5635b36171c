import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, lutimesSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { openStore } from '@holotype/store'
import { describe, expect, it } from 'vitest'
import type { FileDetails } from '../types.ts'
import { diffImages } from './diff-images.ts'
import { readDiffoscope } from './testing/diffoscope.ts'
import { storeImage, type SyntheticFile } from './testing/synthetic-image.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const directory = temporaryDirectory()
const missing = ['diffoscope', 'gcc', 'cpio'].filter((program) => !existsSync(`/usr/bin/${program}`))
const why = missing.length === 0 ? '' : `, skipped, because ${missing.join(' and ')} is not here`

type Files = Readonly<Record<string, SyntheticFile>>

/** What a program writes to `out` from two files, of which the first tells the sides apart. */
function made(argv: readonly [string, ...string[]], side: string): Buffer {
  const cwd = join(directory, `make-${side}`)
  mkdirSync(cwd, { recursive: true })
  writeFileSync(join(cwd, 'one.c'), `int ${side}(void) { return 1; }\n`)
  writeFileSync(join(cwd, 'two.txt'), 'the same on both sides\n')
  const [program, ...words] = argv
  const names = program === 'cpio' ? 'one.c\ntwo.txt\n' : ''
  execFileSync(program, words, { cwd, input: names, stdio: ['pipe', 'pipe', 'pipe'] })
  const out = readFileSync(join(cwd, 'out'))
  execFileSync('rm', [join(cwd, 'out')])
  return out
}

function database(side: string): Buffer {
  const path = join(directory, `${side}.db`)
  const connection = new DatabaseSync(path)
  connection.exec(`CREATE TABLE t (v); INSERT INTO t VALUES ('${side}')`)
  connection.close()
  return readFileSync(path)
}

function tree(side: string): Files {
  const tar = made(['tar', '-cf', 'out', 'one.c', 'two.txt'], side)
  return {
    'usr/lib/libx.so.1': { content: made(['gcc', '-shared', '-fPIC', '-o', 'out', 'one.c'], side), mode: 0o755 },
    'usr/lib/libx.a': { content: made(['ar', 'rcD', 'out', 'one.c', 'two.txt'], side) },
    'usr/share/x.tar': { content: tar },
    'usr/share/x.tar.gz': { content: gzipSync(tar) },
    'boot/initrd.img': { content: made(['cpio', '-o', '-H', 'newc', '--quiet', '-O', 'out'], side) },
    'usr/share/x.zip': { content: made(['python3', '-m', 'zipfile', '-c', 'out', 'one.c', 'two.txt'], side) },
    'var/lib/x.db': { content: database(side) },
    'etc/x.conf': { content: `side ${side}\n` },
    'etc/same.conf': { content: 'same\n' },
    'usr/bin/mode': { content: 'x', mode: side === 'old' ? 0o755 : 0o4755 },
    'usr/bin/link': { link: side },
    'usr/share/random': { content: Buffer.from([0, 1, 255, side.length, ...Buffer.from(side)]) },
    [`etc/only-${side}`]: { content: side },
  }
}

function layOut(files: Files, root: string): string {
  for (const [name, { content = '', link, mode = 0o644 }] of Object.entries(files)) {
    const path = join(root, name)
    mkdirSync(dirname(path), { recursive: true })
    if (link === undefined) {
      writeFileSync(path, content)
      chmodSync(path, mode)
    } else symlinkSync(link, path)
    // It reports times, which are no difference to us.
    lutimesSync(path, 1_700_000_000, 1_700_000_000)
  }
  return root
}

/** Members of all depths that ours names, as `PATH > MEMBER`. */
function membersOf(at: string, details: FileDetails | undefined): string[] {
  return (details?.members ?? []).flatMap((member) => {
    const path = `${at} > ${member.path}`
    return [path, ...membersOf(path, member.details)]
  })
}

describe(`beside diffoscope${why}`, () => {
  it.skipIf(why !== '')('every path and every member that it finds is found', { timeout: 120_000 }, () => {
    const [old, next] = [tree('old'), tree('young')]
    const roots = [layOut(old, join(directory, 'old')), layOut(next, join(directory, 'young'))] as const
    const { stdout, status } = spawnSync('diffoscope', ['--no-progress', '--json', '-', ...roots], { encoding: 'utf8' })
    expect(status).toBe(1)
    const { paths, members } = readDiffoscope(stdout, roots)
    const { diff } = diffImages(store, storeImage(store, { files: old }), storeImage(store, { files: next }))
    const ours = new Set(diff.files.map(({ path }) => path.slice(1)))
    expect([...paths].filter((path) => !ours.has(path))).toEqual([])
    const inside = new Set(diff.files.flatMap(({ path, details }) => membersOf(path.slice(1), details)))
    expect([...members].filter((member) => !inside.has(member))).toEqual([])
    // It did look, and into each container.
    expect(paths.size).toBeGreaterThanOrEqual(13)
    expect(new Set([...members].map((member) => member.split(' > ')[0])).size).toBeGreaterThanOrEqual(4)
    expect(ours.has('etc/same.conf')).toBe(false)
  })
})

const store = openStore(join(directory, 'store'))
