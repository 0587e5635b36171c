import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Lines that no file of code may have more of: what is longer is more than one concept. Tables of data are not code. */
export const FILE_LINES = 600

/** The code among these files that is too long, as `path: N lines`. */
export function tooLong(root: string, files: readonly string[]): string[] {
  return files
    .filter((file) => /\.(?:ts|tsx|css|cjs)$/.test(file))
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > FILE_LINES)
    .map(({ file, lines }) => `${file}: ${lines} lines`)
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
    { cwd: root },
  )
  const deleted = execFileSync('git', ['ls-files', '-z', '--deleted'], { cwd: root }).toString().split('\0')
  const files = listed
    .toString()
    .split('\0')
    .filter((file) => file !== '' && !deleted.includes(file))
  const long = tooLong(root, files)
  for (const line of long) console.log(`${line}, more than ${FILE_LINES}`)
  process.exitCode = long.length > 0 || files.length === 0 ? 1 : 0
}
