import type { PackageFile, PackageScript } from '../types.ts'

/** The members of control.tar that are run: by dpkg (deb-preinst(5) and its like), `config` by debconf. */
const SCRIPTS = ['preinst', 'postinst', 'prerm', 'postrm', 'config'] as const

/** A package's maintainer scripts, in the order in which they are run. */
export function scriptsOf(control: PackageFile['control']): PackageScript[] {
  return SCRIPTS.flatMap((name) => {
    const member = control.get(name)
    if (!member) return []
    const text = member.bytes.toString('utf8')
    return [{ name, interpreter: interpreterOf(text), text }]
  })
}

/** The words of a `#!` line as the kernel takes them: the interpreter, and all that follows as one argument (execve(2)). None without such a line. */
function interpreterOf(text: string): string[] {
  const [, interpreter, argument] = /^#![ \t]*([^\s\0]+)(?:[ \t]+([^\n]*))?/.exec(text) ?? []
  if (interpreter === undefined) return []
  const trimmed = argument?.trim() ?? ''
  return trimmed === '' ? [interpreter] : [interpreter, trimmed]
}
