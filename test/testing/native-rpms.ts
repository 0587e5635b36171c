import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SYSTEM_PATH } from '@holotype/base'

/** An rpm to be built of the files of .debs. */
export interface NativeRpm {
  readonly name: string
  readonly version: string
  /** Package files; their contents are put together. */
  readonly debs: readonly string[]
  /** Links to make in it, by path. */
  readonly links?: Readonly<Record<string, string>>
  /** Directories that are its own. */
  readonly directories?: readonly string[]
  /** Files to write in it, by path. */
  readonly files?: Readonly<Record<string, string>>
  /** Lines of its preamble: `Requires: glibc >= 2.36`. */
  readonly preamble?: readonly string[]
}

/**
 * Builds rpms by rpmbuild, whose own generators write what each needs and provides (`libc.so.6(GLIBC_2.34)(64bit)`), as a distribution of rpms has it:
 * /usr is merged, and
 * libraries lie in /usr/lib, where Debian's loader looks too, and not in /usr/lib/x86_64-linux-gnu. Documentation is left out. @returns the files, in the order given
 */
export function buildNativeRpms(rpms: readonly NativeRpm[], directory: string): string[] {
  const roots = rpms.map((rpm) => {
    const root = join(directory, 'roots', rpm.name)
    mkdirSync(root, { recursive: true })
    for (const deb of rpm.debs) run(['dpkg-deb', '-x', deb, root])
    run([
      'sh',
      '-c',
      `cd "$1"; rm -rf usr/share/doc usr/share/man usr/share/locale usr/share/lintian usr/share/info usr/share/libgcrypt20
       # The loader is found by its place in every program; of the multiarch directory it comes as a file.
       rm -f lib64/ld-linux-x86-64.so.2
       for from in lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu; do
         if [ -d "$from" ]; then mkdir -p usr/lib; cp -a "$from"/. usr/lib/; rm -rf "$from"; fi
       done
       if [ -e usr/lib/ld-linux-x86-64.so.2 ]; then mkdir -p usr/lib64; mv usr/lib/ld-linux-x86-64.so.2 usr/lib64/; fi
       for from in bin sbin lib; do
         if [ -d "$from" ]; then mkdir -p "usr/$from"; cp -a "$from"/. "usr/$from"/; rm -rf "$from"; fi
       done
       find . -depth -type d -empty -delete`,
      'sh',
      root,
    ])
    for (const [path, target] of Object.entries(rpm.links ?? {})) symlinkSync(target, join(root, path))
    for (const path of rpm.directories ?? []) mkdirSync(join(root, path), { recursive: true })
    for (const [path, text] of Object.entries(rpm.files ?? {})) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return root
  })
  const sections = rpms.map(({ name, version, preamble = [], directories = [] }, at) => [
    `%package -n ${name}`,
    `Summary: ${name}`,
    `Version: ${version}`,
    ...preamble,
    `%description -n ${name}`,
    `%files -n ${name} -f ${listFiles(directory, name, roots[at] ?? '')}`,
    ...directories.map((path) => `%dir "/${path}"`),
  ])
  const spec = [
    ...['Name: native', 'Version: 1', 'Release: 1', 'Summary: native', 'License: MIT', '%description'],
    // The bytes stay Debian's.
    ...['%global __os_install_post %{nil}', '%global debug_package %{nil}', '%global _build_id_links none'],
    ...sections.flat(),
    '%install',
    ...roots.map((root) => `cp -a ${root}/. %{buildroot}/`),
    '',
  ].join('\n')
  writeFileSync(join(directory, 'native.spec'), spec)
  const out = join(directory, 'rpms')
  const define = (name: string, value: string) => ['--define', `${name} ${value}`]
  run([
    ...(['rpmbuild', '-bb'] as const),
    ...define('_topdir', join(directory, 'top')),
    ...define('_rpmdir', out),
    ...define('_rpmfilename', '%%{NAME}.rpm'),
    ...define('_dbpath', join(directory, 'db')),
    // Payloads are compressed lightly: they are thrown away.
    ...define('_binary_payload', 'w1.gzdio'),
    join(directory, 'native.spec'),
  ])
  return rpms.map(({ name }) => join(out, `${name}.rpm`))
}

function listFiles(directory: string, name: string, root: string): string {
  const lines = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => `"${join(entry.parentPath, entry.name).slice(root.length)}"`)
  const file = join(directory, `${name}.files`)
  writeFileSync(file, `%defattr(-,root,root)\n${lines.sort().join('\n')}\n`)
  return file
}

function run([program, ...argv]: readonly [string, ...string[]]): void {
  execFileSync(program, argv, { env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', HOME: '/nonexistent' }, stdio: 'pipe' })
}
