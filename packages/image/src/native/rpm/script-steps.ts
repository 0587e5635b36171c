import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formats, type RpmScript } from '@holotype/formats'
import type { Bind } from '@holotype/sandbox'
import { type PathMap, pathResolver } from '../../compose/path-map.ts'
import { fail } from '../../errors.ts'
import type { Step } from '../run-steps.ts'
import type { Candidate } from './packages.ts'

const INSIDE = '/run/holotype'

/** File triggers of this priority and above run before %post, the others after it (rpm's manual, "File Triggers"). */
const BEFORE_POST = 10_000

/** Where an image's own rpm has its Lua outside a transaction. */
const RPMLUA = ['usr/bin/rpmlua', 'usr/lib/rpm/rpmlua']

interface Run {
  readonly owner: Candidate
  readonly script: RpmScript
  readonly args?: readonly number[]
  /** Absolute paths, of file triggers. */
  readonly files?: readonly string[]
}

/**
 * Everything that rpm runs when it installs these packages into an empty root, in its order (lib/psm.c `rpmPackageInstall`,
 * lib/transaction.c `rpmtsRun`). The texts are written below `directory`.
 * @throws IMAGE_SCRIPT_FAILED: a script that only rpm itself could run
 */
export function scriptSteps(
  packages: readonly Candidate[],
  { map, directory }: { readonly map: PathMap; readonly directory: string },
): { readonly steps: Step[]; readonly binds: Bind[] } {
  const lua = rpmlua(map)
  const texts = join(directory, 'scriptlets')
  mkdirSync(texts, { recursive: true })
  const written = new Map<RpmScript, string>()
  const steps = runsOf(packages, map).map(({ owner, script, args = [], files }): Step => {
    const what = `${owner.candidate.name} ${owner.candidate.version}: %${script.kind}`
    const [program, ...options] = interpreter(script, { what, lua })
    const numbers = args.map(String)
    const input = files ? { input: `${files.join('\n')}\n` } : {}
    if (script.text === undefined) return { what, argv: [program, ...options], ...input }
    let name = written.get(script)
    if (name === undefined) {
      name = String(written.size)
      written.set(script, name)
      // debconf's scripts, which come with converted packages, start themselves once more.
      writeFileSync(join(texts, name), script.text, { mode: 0o755 })
    }
    return { what, argv: [program, ...options, `${INSIDE}/${name}`, ...numbers], ...input }
  })
  return { steps, binds: [{ source: texts, target: INSIDE, writable: false }] }
}

function interpreter(
  { program: [program, ...options], flags }: RpmScript,
  { what, lua }: { readonly what: string; readonly lua: string | undefined },
): [string, ...string[]] {
  const refused = (reason: string, hint: string) => fail('IMAGE_SCRIPT_FAILED', { what: `${what} ${reason}`, hint })
  if (flags !== 0)
    throw refused(
      'is filled in by rpm as it installs (%post -e, -q)',
      'only rpm itself can do that: leave the package out, or mend it by a recipe',
    )
  if (program !== '<lua>') return [program ?? '/bin/sh', ...options]
  if (lua === undefined)
    throw refused(
      "is written for rpm's own Lua, and the image has no rpmlua",
      'add the package that has /usr/bin/rpmlua (rpm) to the image, or mend this one by a recipe',
    )
  return [lua]
}

function rpmlua(map: PathMap): string | undefined {
  const resolver = pathResolver(map)
  const found = RPMLUA.find((path) => map.has(resolver.resolve(path)))
  return found === undefined ? undefined : `/${found}`
}

function runsOf(packages: readonly Candidate[], map: PathMap): Run[] {
  const resolver = pathResolver(map)
  /** The files of a package that lie in the image, as rpm names them. */
  const present = new Map(
    packages.map((owner) => [
      owner,
      owner.files.filter(({ ghost, path }) => ghost || map.has(resolver.resolve(path))).map(({ path }) => `/${path}`),
    ]),
  )
  const filesOf = (owner: Candidate) => present.get(owner) ?? []
  const own = (owner: Candidate, kind: RpmScript['kind'], args?: readonly number[]): Run[] =>
    owner.scripts
      .filter((script) => script.kind === kind)
      .map((script) => ({ owner, script, ...(args ? { args } : {}) }))
  const all = packages.flatMap((owner) => owner.scripts.map((script) => ({ owner, script })))
  const setOff = (kind: RpmScript['kind'], by: readonly Candidate[], owners: readonly Candidate[]): Run[] =>
    all.flatMap(({ owner, script }) =>
      script.kind === kind && owners.includes(owner)
        ? by.filter((source) => matches(script, source)).map(() => ({ owner, script, args: [1, 1] }))
        : [],
    )
  const fileTriggers = (kind: RpmScript['kind'], by: readonly Candidate[], owners: readonly Candidate[]): Run[] =>
    all
      .flatMap(({ owner, script }): Run[] => {
        if (script.kind !== kind || !owners.includes(owner)) return []
        const files = by.flatMap((source) =>
          filesOf(source).filter((path) => script.conditions.some(({ name }) => path.startsWith(name))),
        )
        return files.length > 0 ? [{ owner, script, args: [0], files }] : []
      })
      .sort((a, b) => b.script.priority - a.script.priority)

  const runs: Run[] = packages.flatMap((owner) => own(owner, 'pretrans', [1]))
  for (const [i, owner] of packages.entries()) {
    const before = packages.slice(0, i)
    const triggered = [
      ...fileTriggers('filetriggerin', [owner], before),
      ...fileTriggers('filetriggerin', before, [owner]),
    ]
    runs.push(
      ...setOff('triggerprein', [owner], before),
      ...setOff('triggerprein', before, [owner]),
      ...own(owner, 'pre', [1]),
      ...triggered.filter(({ script }) => script.priority >= BEFORE_POST),
      ...own(owner, 'post', [1]),
      ...setOff('triggerin', [owner], before),
      ...setOff('triggerin', before, [owner]),
      ...triggered.filter(({ script }) => script.priority < BEFORE_POST),
    )
  }
  return [
    ...runs,
    ...packages.flatMap((owner) => own(owner, 'posttrans', [1])),
    ...fileTriggers('transfiletriggerin', packages, packages),
  ]
}

/** Whether a package sets a trigger off: by its name, and its version where the trigger asks for one. */
function matches({ conditions }: RpmScript, { candidate }: Candidate): boolean {
  return conditions.some(
    ({ name, operator, version }) =>
      name === candidate.name &&
      (operator === undefined || version === undefined || formats.rpm.satisfies(candidate.version, operator, version)),
  )
}
