import { readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, isDigest } from '@holotype/base'
import { openStore, type Store } from '@holotype/store'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffImages } from './diff-images.ts'
import { linkedAfter, linkedFiles } from './linked-files.ts'
import { readImage } from './read-image.ts'
import { storeImage, type SyntheticFile } from './testing/synthetic-image.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const directory = temporaryDirectory()
// Dynamically linked programs of this machine, whatever they are.
const [program = Buffer.alloc(0), other = Buffer.alloc(0)] = ['/usr/bin/env', '/usr/bin/id'].map((path) =>
  readFileSync(path),
)

/** A store that writes down which files it was asked for, as bytes or by their place. */
function watched(store: Store): { readonly store: Store; readonly asked: Set<Digest> } {
  const asked = new Set<Digest>()
  const note = (digest: Digest) => {
    asked.add(digest)
    return digest
  }
  return {
    asked,
    store: {
      ...store,
      read: (digest) => store.read(note(digest)),
      pathOf: (digest) => store.pathOf(note(digest)),
    },
  }
}

describe('what is remembered of files', () => {
  const files = fc.dictionary(
    fc.constantFrom('usr/bin/a', 'usr/lib/libz.so.1', 'usr/lib/libz.so.1.2', 'usr/lib/x-y', 'usr/lib/x/y.so', 'opt/t'),
    fc.constantFrom<SyntheticFile>(
      { content: program, mode: 0o755 },
      { content: other, mode: 0o755 },
      { content: other, mode: 0o644 },
      { content: 'text', mode: 0o755 },
      { link: 'libz.so.1.2' },
    ),
  )

  it('is of the next image what reading all of it would have found', () => {
    let run = 0
    fc.assert(
      fc.property(files, files, (before, after) => {
        run++
        const [seen, fresh] = ['seen', 'fresh'].map((name) => openStore(join(directory, `${name}-${run}`)))
        if (!seen || !fresh) throw new Error('no stores')
        const images = (store: Store) => [before, after].map((found) => storeImage(store, { files: found }))
        const [from, to] = images(seen)
        if (!from || !to) throw new Error('no images')
        const { diff, digest } = diffImages(seen, from, to)
        images(fresh)
        expect(
          linkedAfter(seen, linkedFiles(seen, readImage(seen, from).tree), {
            tree: readImage(seen, to).tree,
            files: diff.files,
          }),
        ).toEqual(linkedFiles(fresh, readImage(fresh, to).tree))
        expect(diffImages(fresh, from, to).digest).toBe(digest)
      }),
      { numRuns: 30 },
    )
  })

  it('spares reading a program a second time, in this and in any other image', () => {
    const made = openStore(join(directory, 'store'))
    const image = (...paths: readonly (readonly [string, Buffer])[]) =>
      storeImage(made, { files: Object.fromEntries(paths.map(([path, content]) => [path, { content, mode: 0o755 }])) })
    const programs = [program, other].map((bytes) => made.put(bytes))
    const programsAsked = (from: Digest, to: Digest) => {
      const { store, asked } = watched(made)
      const { digest, diff } = diffImages(store, from, to)
      const [file] = diff.files
      expect(file?.details?.format).toBe('elf')
      return { digest, asked: programs.filter((item) => asked.has(item)).length }
    }
    const [from, to] = [image(['usr/bin/a', program]), image(['usr/bin/a', other])]
    const first = programsAsked(from, to)
    expect(first.asked).toBe(2)
    expect(programsAsked(from, to)).toEqual({ digest: first.digest, asked: 0 })
    const elsewhere = [image(['usr/bin/a', program], ['etc/x', Buffer.from('x')]), image(['usr/bin/a', other])] as const
    const { asked, store } = watched(made)
    diffImages(store, ...elsewhere)
    // Its sonames are read, as nothing is known of that tree; the update within is not.
    expect(programs.filter((item) => asked.has(item))).toEqual([programs[0]])
  })

  it('costs time alone where it was damaged', () => {
    const made = openStore(join(directory, 'damaged'))
    const image = (bytes: Buffer) => storeImage(made, { files: { 'usr/bin/a': { content: bytes, mode: 0o755 } } })
    const [from, to] = [image(program), image(other)]
    const { digest } = diffImages(made, from, to)
    const notes = ['details-1', 'linked-1'].flatMap((name) => {
      const folder = join(made.directory, 'notes', name)
      return readdirSync(folder).map((note) => join(folder, note))
    })
    expect(notes.length).toBe(3)
    for (const note of notes) {
      const [, value = ''] = readFileSync(note, 'utf8').split('\n')
      if (isDigest(value)) truncateSync(made.pathOf(value), made.sizeOf(value) - 1)
      else truncateSync(note, 200)
    }
    expect(diffImages(made, from, to).digest).toBe(digest)
  })
})
