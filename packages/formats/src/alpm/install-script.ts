import type { PackageScript } from '../types.ts'

/** The functions that pacman calls (PKGBUILD(5), "Install/Upgrade/Remove Scripting"). */
const FUNCTIONS = ['pre_install', 'post_install', 'pre_upgrade', 'post_upgrade', 'pre_remove', 'post_remove'] as const

/**
 * The scripts of an .INSTALL: one for each function it has. Its `text` is the whole file, for functions share what stands beside them; to run
 * one is to read the file (`. ./.INSTALL`) and call the function by the script's name with the new version, or the new and the old, as pacman does.
 * Which functions there are is told as pacman tells it: the name occurs in a line, before any `#`.
 */
export function scriptsOf(install: Buffer | undefined): readonly PackageScript[] {
  if (!install) return []
  const text = install.toString('utf8')
  const code = text
    .split('\n')
    .map((line) => line.replace(/#.*$/, ''))
    .join('\n')
  return FUNCTIONS.filter((name) => code.includes(name)).map((name) => ({ name, interpreter: ['/bin/bash'], text }))
}
