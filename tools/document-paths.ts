import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Folders of the root that documents name paths below; `packages/NAME` stands for any. */
const TOP = /^(?!.*\/[A-Z]+(\/|$))(packages|docs|tools|test|examples|bench|changes)\/[\w./-]+$/
/** A room's sources as documents write them: `trust/src/verify/`. */
const ROOM = /^[a-z]+\/src(\/[\w./-]*)?$/

/**
 * What a document names that is not there: the targets of its links, paths in code spans, and tests, which are named by their file and, after it, the
 * beginning of their titles in italics. A document that points at nothing was true once.
 */
export function missingIn(root: string, document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8').replace(/^```.*?^```/gms, '')
  const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => join(dirname(document), target))
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
  const paths = spans.flatMap((span) => (TOP.test(span) ? [span] : ROOM.test(span) ? [`packages/${span}`] : []))
  const absent = [...links, ...paths].filter((path) => !existsSync(join(root, path)))
  return [...new Set(absent), ...absentTests(root, text)].map((what) => `${document}: ${what}`)
}

function absentTests(root: string, text: string): string[] {
  const named = [...text.matchAll(/`([\w./-]+\.test\.ts)`:((?:[;,]? \*[^*\n]+\*)+)/g)]
  return named.flatMap(([, file = '', list = '']) => {
    const path = join(root, ROOM.test(file) ? `packages/${file}` : file)
    if (!existsSync(path)) return []
    const source = readFileSync(path, 'utf8')
    const titles = [...list.matchAll(/\*([^*]+)\*/g)].map(([, title = '']) => title)
    return titles
      .filter((title) => !["'", '"', '`'].some((quote) => source.includes(quote + title)))
      .map((title) => `${file} has no test “${title}”`)
  })
}
