import { compileGlobs } from '@holotype/base'
import type { EntryInput } from '@holotype/store'
import { fail } from '../errors.ts'
import { SCRIPT_EFFECTS_SHOWN } from '../limits.ts'

/** Where programs and what they load lie: what is there came from a package that somebody built and signed. */
const GUARDED = compileGlobs(['/usr/**', '/opt/**', '/boot/**', '/bin/**', '/sbin/**', '/lib/**', '/lib??/**'])

/**
 * What maintainer scripts, triggers and hooks make there all the same, on any distribution: registers and caches that are computed from what the
 * packages hold. Nothing here is a program: directories, links, and files that nobody may execute.
 */
export const SCRIPT_CACHES: readonly { readonly path: string; readonly why: string }[] = [
  { path: '/usr/local/man', why: 'a link of base-files' },
  { path: '/usr/**/__pycache__/**', why: 'Python compiled; scrubbed' },
  { path: '/usr/lib/udev/hwdb.bin', why: 'systemd-hwdb' },
  { path: '/usr/lib/modules/*/modules.*', why: 'depmod' },
  { path: '/usr/lib/modules/*/.fresh-install', why: "a kernel's preinst notes that it is new, for its postinst" },
  { path: '/boot/**', why: 'initrds and the boot loader: made on the image of what it holds' },
  { path: '/usr/lib/locale/**', why: 'locale-gen, localedef' },
  { path: '/usr/lib/sysimage/**', why: "rpm's database, where /var is not the image's" },
  { path: '/usr/**/gio/modules/giomodule.cache', why: 'gio-querymodules' },
  { path: '/usr/**/gdk-pixbuf-2.0/*/loaders.cache', why: 'gdk-pixbuf-query-loaders' },
  { path: '/usr/**/gtk-*/*/immodules.cache', why: 'gtk-query-immodules' },
  { path: '/usr/**/gconv/gconv-modules.cache', why: 'iconvconfig' },
  { path: '/usr/lib/vlc/plugins/plugins.dat', why: 'vlc-cache-gen' },
  { path: '/usr/**/package.conf.d/package.cache', why: 'ghc-pkg' },
  { path: '/usr/lib/jvm/**/*.jsa', why: 'class data of Java' },
  { path: '/usr/share/glib-2.0/schemas/gschemas.compiled', why: 'glib-compile-schemas' },
  { path: '/usr/share/icons/**/*.cache', why: 'gtk-update-icon-cache' },
  { path: '/usr/share/mime/**', why: 'update-mime-database' },
  { path: '/usr/share/applications/*.cache', why: 'update-desktop-database' },
  { path: '/usr/share/fonts/**', why: 'fc-cache, mkfontscale' },
  { path: '/usr/share/info/dir*', why: 'install-info' },
  { path: '/usr/share/man/**', why: 'links of alternatives' },
  { path: '/usr/share/perl5/XML/SAX/ParserDetails.*', why: 'the register of XML parsers' },
  { path: '/usr/share/emacs/**', why: 'byte code, compiled where it is installed' },
  { path: '/usr/share/doc/**', why: 'for reading' },
]

const CACHES = compileGlobs(SCRIPT_CACHES.map(({ path }) => path))

/** What the scripts of an image did to one path. */
interface ScriptChange {
  /** Absolute. */
  readonly path: string
  readonly before: EntryInput | undefined
  /** Undefined: removed. */
  readonly after: EntryInput | undefined
}

/** What is seen of scripts, one path after the other. */
export interface ScriptEffects {
  add(change: ScriptChange): void
  /** @throws IMAGE_SCRIPT_EFFECT, naming the paths */
  refuse(diverted?: Diverted): void
}

/** From where to where files were moved away for other packages' files, both absolute. */
export type Diverted = ReadonlyMap<string, string>

/**
 * Collects what maintainer scripts may not do: below `/usr`, `/opt` and `/boot` they make no file, change no bytes and remove nothing, but for
 * caches, links of alternatives, empty directories, files moved whole to where a diversion says, and what the spec allows. Modes and owners of what a package ships they may set (that is how
 * Debian makes programs set-group-id); the diff shows those first.
 */
export function scriptEffects(allow: readonly string[]): ScriptEffects {
  const allowed = compileGlobs(allow)
  const suspect = new Map<string, ScriptChange>()
  return {
    add: (change) => {
      const { path } = change
      if (!GUARDED(path) || (CACHES(path) && isPlain(change)) || allowed(path) || isHarmless(change)) return
      suspect.set(path, change)
    },
    refuse: (diverted = new Map()) => {
      for (const [from, to] of diverted) {
        const [old, moved] = [suspect.get(from), suspect.get(to)]
        if (!old?.before || old.after || !moved?.after || moved.before || !sameBytes(old.before, moved.after)) continue
        suspect.delete(from)
        suspect.delete(to)
      }
      if (suspect.size === 0) return
      const refused = [...suspect.values()].map(
        ({ path, before, after }) =>
          `${path} (${after === undefined ? 'removed' : before === undefined ? 'made' : 'changed'})`,
      )
      const shown = refused.slice(0, SCRIPT_EFFECTS_SHOWN)
      const more = refused.length - shown.length
      throw fail('IMAGE_SCRIPT_EFFECT', {
        what: `maintainer scripts wrote where only packages may: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
        data: { paths: refused },
      })
    },
  }
}

/** Set-user-id, set-group-id, and execution by anybody. */
const RUNS = 0o6111

function isPlain({ after }: ScriptChange): boolean {
  if (after?.type === 'file') return (after.mode & RUNS) === 0
  return after === undefined || after.type === 'directory' || after.type === 'symlink'
}

function isHarmless({ path, before, after }: ScriptChange): boolean {
  if (after === undefined) return before?.type === 'directory'
  if (after.type === 'directory') return before === undefined || before.type === 'directory'
  if (after.type === 'symlink') {
    const { target } = after
    // update-alternatives(1), and ldconfig's name of a library beside it.
    const made =
      target.startsWith('/etc/alternatives/') || (/\.so(\.|$)/.test(path) && /^[^/]+\.so(\.[^/]*)?$/.test(target))
    return made || (before?.type === 'symlink' && before.target === target)
  }
  return after.type === 'file' && before?.type === 'file' && sameBytes(before, after)
}

function sameBytes(a: EntryInput, b: EntryInput): boolean {
  if (a.type === 'symlink') return b.type === 'symlink' && a.target === b.target
  return a.type === 'file' && b.type === 'file' && a.digest === b.digest
}
