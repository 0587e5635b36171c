import type { PackageScript } from '../types.ts'
import type { NotCarried } from './relations.ts'

/** A script under its name on the other side, whole: interpreter line and text. */
export interface ConvertedScript {
  readonly name: string
  readonly interpreter: readonly string[]
  readonly text: string
}

/*
 * The two tools run scripts at the same moments with other arguments. A converted script first sets the arguments it was written for (Debian
 * Policy §6.5; rpm's manual, "Scriptlets": the count of instances that will be left).
 */

const TO_RPM = new Map([
  ['preinst', { name: 'prein', prelude: 'if [ "$1" -gt 1 ]; then set -- upgrade; else set -- install; fi' }],
  ['postinst', { name: 'postin', prelude: 'set -- configure' }],
  ['prerm', { name: 'preun', prelude: 'if [ "$1" -gt 0 ]; then set -- upgrade; else set -- remove; fi' }],
  ['postrm', { name: 'postun', prelude: 'if [ "$1" -gt 0 ]; then set -- upgrade; else set -- remove; fi' }],
])

const TO_DEB = new Map([
  ['prein', { name: 'preinst', prelude: 'if [ "$1" = upgrade ]; then set -- 2; else set -- 1; fi' }],
  // Triggers and aborted upgrades call it too; they are nothing that rpm would run it for.
  [
    'postin',
    {
      name: 'postinst',
      prelude: '[ "$1" = configure ] || exit 0\nif [ -n "${2:-}" ]; then set -- 2; else set -- 1; fi',
    },
  ],
  ['preun', { name: 'prerm', prelude: 'if [ "$1" = remove ]; then set -- 0; else set -- 1; fi' }],
  ['postun', { name: 'postrm', prelude: 'case "$1" in remove) set -- 0 ;; upgrade) set -- 1 ;; *) exit 0 ;; esac' }],
])

/** Programs that a script of one side takes for granted and the other side does not have. */
const DEB_ONLY = [
  'dpkg',
  'dpkg-maintscript-helper',
  'dpkg-divert',
  'dpkg-trigger',
  'deb-systemd-helper',
  'deb-systemd-invoke',
  'debconf',
  'update-rc.d',
  'invoke-rc.d',
  'ucf',
]
const RPM_ONLY = ['rpm', 'systemd-update-helper', 'alternatives', 'install-info', 'chkconfig', 'authselect']

/** Scripts of a .deb as scriptlets of an rpm. What other names than the four scripts hold is not carried. */
export function rpmScripts(scripts: readonly PackageScript[], notCarried: NotCarried): ConvertedScript[] {
  return scripts.flatMap((script) => convert(script, { names: TO_RPM, foreign: DEB_ONLY, notCarried }))
}

/** Scriptlets of an rpm as scripts of a .deb. */
export function debScripts(scripts: readonly PackageScript[], notCarried: NotCarried): ConvertedScript[] {
  return scripts.flatMap((script) => convert(script, { names: TO_DEB, foreign: RPM_ONLY, notCarried }))
}

function convert(
  { name, interpreter, text }: PackageScript,
  options: {
    readonly names: ReadonlyMap<string, { readonly name: string; readonly prelude: string }>
    readonly foreign: readonly string[]
    readonly notCarried: NotCarried
  },
): ConvertedScript[] {
  const target = options.names.get(name)
  if (!target) {
    options.notCarried(`the script ${name}: the other format runs nothing at that moment`)
    return []
  }
  const program = interpreter[0] ?? '/bin/sh'
  if (!/^(?:\/usr)?\/bin\/(?:ba|da)?sh$/.test(program)) {
    options.notCarried(`the script ${name}: its arguments can be put right in shell alone, and it is run by ${program}`)
    return []
  }
  const words = new Set(text.match(/[\w.-]+/g))
  for (const word of options.foreign.filter((known) => words.has(known)))
    options.notCarried(`the script ${name} calls ${word}, which the other side may not have`)
  const body = text.replace(/^#![^\n]*\n/, '')
  return [{ name: target.name, interpreter, text: `${target.prelude}\n${body}` }]
}
