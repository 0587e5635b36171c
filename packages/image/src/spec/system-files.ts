import { compareText } from '@holotype/base'
import type { ResolvedSpec } from './resolve-spec.ts'

/** A file that is written from a spec's values. */
export interface SystemFile {
  readonly path: string
  /** The keys of the spec that it says. */
  readonly keys: readonly (readonly string[])[]
  /** Empty: the spec has nothing to say, and there is no such file. */
  text(spec: ResolvedSpec): string
}

/** In the order of the spec's keys. */
export const SYSTEM_FILES: readonly SystemFile[] = [
  {
    path: '/etc/sysctl.d/60-holotype.conf',
    keys: [['sysctl']],
    text: ({ sysctl }) => lines(sysctl, (key, value) => `${key} = ${value}`),
  },
  {
    path: '/etc/modules-load.d/60-holotype.conf',
    keys: [['modules', 'load']],
    text: ({ modules }) => modules.load.map((module) => `${module}\n`).join(''),
  },
  {
    path: '/etc/modprobe.d/60-holotype.conf',
    keys: [
      ['modules', 'blacklist'],
      ['modules', 'options'],
    ],
    text: ({ modules }) =>
      modules.blacklist.map((module) => `blacklist ${module}\n`).join('') +
      lines(modules.options, (module, options) => `options ${module} ${options}`),
  },
  {
    // What kernel-install(8) and the boot loaders' hooks read.
    path: '/etc/kernel/cmdline',
    keys: [['kernel', 'command_line']],
    text: ({ kernel }) => (kernel.command_line.length === 0 ? '' : `${kernel.command_line.join(' ')}\n`),
  },
  {
    path: '/etc/fstab',
    keys: [['mounts']],
    // Sorted: a directory is mounted before what lies below it.
    text: ({ mounts }) =>
      lines(mounts, (path, { source, type, options, check }) =>
        [...[source, path, type, options.join(',')].map(fstabField), '0', String(check)].join('\t'),
      ),
  },
]

function lines<Value>(table: Readonly<Record<string, Value>>, line: (key: string, value: Value) => string): string {
  return Object.entries(table)
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, value]) => `${line(key, value)}\n`)
    .join('')
}

/** Spaces, tabs and backslashes are octal in a field (fstab(5)). */
function fstabField(text: string): string {
  return text.replaceAll(/[\\ \t]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
