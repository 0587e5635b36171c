/** Tells whether an absolute path (`/etc/ssh/sshd_config`) is covered. */
export type PathMatcher = (path: string) => boolean

/**
 * Compiles globs of absolute paths. `*` and `?` match within one part, `**` over parts; all else is literal.
 * `/x/**` covers everything below `/x` but not `/x` itself. An empty list covers nothing.
 */
export function compileGlobs(globs: readonly string[]): PathMatcher {
  if (globs.length === 0) return () => false
  const pattern = new RegExp(globs.map(globSource).join('|'), 'su')
  return (path) => pattern.test(path)
}

function globSource(glob: string): string {
  const body = glob.replace(/\*\*\/|\*\*|\*|\?|[\\^$+.()|[\]{}]/g, (token) => {
    if (token === '**/') return '(?:.*/)?'
    if (token === '**') return '.+'
    if (token === '*') return '[^/]*'
    if (token === '?') return '[^/]'
    return `\\${token}`
  })
  return `^${body}$`
}
