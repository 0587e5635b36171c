import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'

/** Whether dpkg-source is there, and what it needs. */
export const SOURCE_TOOLS = ['dpkg-source', 'tar'] as const

/**
 * The .dsc of a source package that dpkg-source makes in a folder, format `3.0 (quilt)`. `version`: with a revision. Versions of one upstream version
 * share its tarball, unless `upstream` says that it holds something else.
 */
export async function writeSource(
  folder: string,
  {
    name,
    version,
    upstream = 'hello\n',
  }: { readonly name: string; readonly version: string; readonly upstream?: string },
): Promise<string> {
  const plain = version.replace(/^\d+:/, '')
  const tree = join(folder, `${name}-tree`)
  const tarball = `${name}_${plain.replace(/-[^-]*$/, '')}.orig.tar.gz`
  const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' }
  rmSync(tree, { recursive: true, force: true })
  mkdirSync(join(tree, 'debian/source'), { recursive: true })
  const put = (path: string, text: string) => writeFileSync(join(tree, path), text)
  put('README', upstream)
  if (!existsSync(join(folder, tarball)))
    await run(['tar', '--exclude=debian', '-czf', tarball, `${name}-tree`], { cwd: folder, env })
  put('debian/source/format', '3.0 (quilt)\n')
  put(
    'debian/control',
    `Source: ${name}\nMaintainer: Jane Doe <jane@example.org>\nSection: misc\nPriority: optional\nStandards-Version: 4.6.2\n\n` +
      `Package: ${name}\nArchitecture: any\nDescription: a test\n of sources\n`,
  )
  put(
    'debian/changelog',
    `${name} (${version}) unstable; urgency=low\n\n  * a change\n\n -- J <j@example.org>  Sat, 21 Nov 2026 05:53:00 +0000\n`,
  )
  await run(['dpkg-source', '--build', `${name}-tree`], { cwd: folder, env })
  return join(folder, `${name}_${plain}.dsc`)
}
