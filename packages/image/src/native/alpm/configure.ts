import { pathResolver } from '../../compose/path-map.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import type { ConfigureOptions } from '../native.ts'
import { runSteps, runUnitVerbs, type Step } from '../run-steps.ts'
import { localName } from './database.ts'
import { readHooks } from './hooks.ts'
import { hookTargets, targetIndex } from './hook-match.ts'

/** Reads the install file and calls one of its functions, as libalpm does (`_alpm_runscriptlet`), if the file has it. */
const CALL = '. "$1" && if declare -F "$2" > /dev/null; then "$2" "$3"; fi'

/**
 * What `pacman -S` runs on an empty root: each package's pre_install and post_install in the order of dependencies, ldconfig, and the hooks
 * of PostTransaction by name (alpm-hooks(5)). Hooks of PreTransaction are those of an earlier installation: here there is none.
 * @throws IMAGE_SCRIPT_FAILED, IMAGE_SPEC_REFUSED (a unit that is not there), and what the sandbox throws
 */
export async function configure(options: ConfigureOptions): Promise<void> {
  const scripts = options.packages.flatMap((candidate) => [
    ...scriptStep(options, candidate, 'pre_install'),
    ...scriptStep(options, candidate, 'post_install'),
  ])
  await runSteps(options, { title: 'run install scripts', steps: [...scripts, ...ldconfig(options)] })
  await runSteps(options, { title: 'run hooks', steps: hookSteps(options) })
  await runUnitVerbs(options)
}

function scriptStep({ store }: ConfigureOptions, candidate: LockedUnpacked, name: string): Step[] {
  const install = candidate.unpacked.control['.INSTALL']
  if (!install || !store.read(install.digest).includes(name)) return []
  const { version } = candidate
  const file = `/var/lib/pacman/local/${localName(candidate)}/install`
  const argv = ['/bin/bash', '-c', CALL, 'pacman', file, name, version] as const
  return [{ what: `${candidate.name} ${version}: ${name}`, argv: [...argv] }]
}

/** libalpm runs it once where the image has it and its configuration (`_alpm_ldconfig`). */
function ldconfig({ map }: ConfigureOptions): Step[] {
  const resolver = pathResolver(map)
  const has = (path: string) => map.has(resolver.resolve(path))
  return has('etc/ld.so.conf') && has('sbin/ldconfig') ? [{ what: 'ldconfig', argv: ['/sbin/ldconfig'] }] : []
}

function hookSteps(options: ConfigureOptions): Step[] {
  const { packages, store } = options
  const index = targetIndex(store, packages)
  return readHooks(options).flatMap(({ name, when, exec, needsTargets, triggers, depends }) => {
    if (when !== 'PostTransaction') return []
    const targets = hookTargets(triggers, index)
    if (targets.length === 0 || !depends.every((relation) => index.isSatisfied(relation))) return []
    return [{ what: name, argv: exec, ...(needsTargets ? { input: `${targets.join('\n')}\n` } : {}) }]
  })
}
