import { execFileSync } from 'node:child_process'

/** What `describeRoot` and `describeImage` say of one path. */
interface Told {
  readonly kind: string
  /** Mode and owner; a link has no mode. */
  readonly mode: string
  readonly owner: string
  /** Time and contents. */
  readonly rest: string
  readonly line: string
}

function tell(lines: readonly string[]): Map<string, Told> {
  return new Map(
    lines.map((line) => {
      const [path = '', kind = '', ...words] = line.split(' ')
      const mode = kind === 'link' ? '' : (words.shift() ?? '')
      const [owner = '', , ...rest] = words
      return [path, { kind, mode, owner, rest: rest.join(' '), line }]
    }),
  )
}

/**
 * What is wrong with a root between two states: each path has to be as before or as after, whole. Only a file that keeps its bytes may
 * have its new owner before its new mode, and a directory its contents before its times.
 */
export function wrongBetween(
  before: readonly string[],
  after: readonly string[],
  now: readonly string[],
): readonly string[] {
  const [old, next, actual] = [tell(before), tell(after), tell(now)]
  const wrong: string[] = []
  for (const [path, it] of actual) {
    // What the agent sets aside and makes ready has names of its own.
    if (/\/\.holotype-[0-9]/.test(path)) continue
    const states = [old.get(path), next.get(path)].filter((state) => state !== undefined)
    if (states.some(({ line }) => line === it.line)) continue
    const same = states.filter(({ kind, rest }) => kind === it.kind && (kind === 'dir' || rest === it.rest))
    const keepsBytes = it.kind === 'dir' ? same.length > 0 : it.kind === 'file' && same.length === 2
    // chown(2) takes setuid and setgid away.
    const modes = same.flatMap(({ mode }) => [mode, mode.replace(/^[2467](?=...$)/, '')])
    if (!keepsBytes || !modes.includes(it.mode) || !same.some(({ owner }) => owner === it.owner))
      wrong.push(`${it.line}: neither ${states.map(({ line }) => line).join(' nor ') || 'before nor after'}`)
  }
  for (const [path, { kind }] of old) {
    const then = next.get(path)
    if (then && !actual.has(path) && (kind === 'dir') === (then.kind === 'dir')) wrong.push(`${path} is gone`)
  }
  return wrong
}

/** What find(1) and getfattr(1) say of a root: types, modes, owners, link counts, sizes, whole seconds, link targets, attributes. */
export function judge(root: string, skip: RegExp): string[] {
  const found = execFileSync('find', ['.', '-printf', '%p %y %m %U:%G %n %s %Ts %l\n'], { cwd: root }).toString()
  const attributes = execFileSync('getfattr', ['-R', '-h', '-P', '-d', '-m', '-', '-e', 'base64', '.'], {
    cwd: root,
  }).toString()
  return [
    ...found
      .split('\n')
      .filter((line) => !skip.test(line))
      // Sizes and link counts of directories are the file system's own.
      .map((line) => line.replace(/^(\S+ d \S+ \S+) [0-9]+ [0-9]+/, '$1'))
      .sort(),
    ...attributes.split('\n\n').sort(),
  ]
}
