import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { formats } from '@holotype/formats'
import { openStore, lookup } from '@holotype/store'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkoutImage } from '../testing/checkout-image.ts'
import { composeFiles } from '../testing/compose-files.ts'
import { packageFields, writeHostBase } from '../testing/host-base.ts'
import { differences, listDirectory, listImage } from '../testing/native-tree.ts'
import { skipReason } from '../testing/tools.ts'
import { temporaryDirectory } from '../../testing/temporary.ts'
import { DELIBERATE_DIFFERENCES } from './differences.ts'

/* pacman installs the same package files into an empty root: what it leaves is what we compose. */

const reason = skipReason('pacman', 'makepkg', 'fakeroot', 'bsdtar', 'zstd', 'setfattr')

const LOG = '/var/log/order'

const SCRIPTS = {
  PKGBUILD: `
pkgname=scripts
pkgver=2.0
pkgrel=1
epoch=1
pkgdesc="what runs at installation"
arch=(any)
license=(MIT 'custom:none')
url=https://example.org
groups=(samples others)
depends=(base 'library>=1')
optdepends=('other: for more')
provides=(made=2)
conflicts=('old<1')
replaces=(older)
backup=(etc/scripts.conf etc/absent.conf)
install=scripts.install
changelog=ChangeLog
options=(!strip !debug emptydirs)
package() {
  install -Dm640 /dev/stdin "$pkgdir/etc/scripts.conf" <<< 'a = b'
  install -Dm644 /dev/stdin "$pkgdir/usr/share/libalpm/hooks/20-paths.hook" <<'END'
# a hook
[Trigger]
Operation = Install
Operation = Upgrade
Type = Path
Target = usr/share/library/*
Target = !usr/share/library/not*

[Action]
Description = lists paths
When = PostTransaction
Exec = /bin/sh -c 'echo "hook paths:" $(cat) >> ${LOG}'
NeedsTargets
END
  install -Dm644 /dev/stdin "$pkgdir/usr/share/libalpm/hooks/10-packages.hook" <<'END'
[Trigger]
Operation = Install
Type = Package
Target = lib*

[Trigger]
Operation = Install
Type = Package
Target = scr?pts

[Action]
When = PostTransaction
Depends = library>=1
Exec = /bin/sh -c "echo 'hook packages:' $(cat) >> ${LOG}"
NeedsTargets
END
  install -Dm644 /dev/stdin "$pkgdir/usr/share/libalpm/hooks/30-not-there.hook" <<'END'
[Trigger]
Operation = Install
Type = Package
Target = *
[Action]
When = PostTransaction
Depends = nothing-has-this
Exec = /bin/false
END
  install -Dm644 /dev/stdin "$pkgdir/usr/share/libalpm/hooks/40-removal.hook" <<'END'
[Trigger]
Operation = Remove
Type = Path
Target = *
[Action]
When = PostTransaction
Exec = /bin/false
END
}
`,
  'scripts.install': `
pre_install() { echo "scripts pre $1 $(id -u) $PWD $(umask)" >> ${LOG}; }
post_install() {
  echo "scripts post $1" >> ${LOG}
  mkdir -p /var/lib/scripts
  touch /var/lib/scripts/made
  chmod 2750 /var/lib/scripts
  chown 0:8 /var/lib/scripts
  ln -sf ../lib/scripts/made /var/log/link
  sed -i 's/b$/c/' /etc/scripts.conf
  rm /var/lib/library/removed
}
post_upgrade() { exit 1; }
`,
  ChangeLog: 'first\n',
}

const LIBRARY = {
  PKGBUILD: `
pkgname=library
pkgver=1.5
pkgrel=3
pkgdesc="what others need"
arch=(x86_64)
depends=(base)
install=library.install
options=(!strip !debug emptydirs)
package() {
  mkdir -p "$pkgdir/usr/share/library/empty" "$pkgdir/usr/bin"
  echo one > "$pkgdir/usr/share/library/one"
  echo two > "$pkgdir/usr/share/library/two ünï"
  echo not > "$pkgdir/usr/share/library/not"
  mkdir -p "$pkgdir/var/lib/library"
  echo gone > "$pkgdir/var/lib/library/removed"
  ln "$pkgdir/usr/share/library/one" "$pkgdir/usr/share/library/hard"
  ln -s one "$pkgdir/usr/share/library/symbolic"
  ln -s /usr/share/nowhere "$pkgdir/usr/share/library/dangling"
  cp /bin/true "$pkgdir/usr/bin/setuid"
  chmod 4755 "$pkgdir/usr/bin/setuid"
  cp /bin/true "$pkgdir/usr/bin/setgid"
  chown root:mail "$pkgdir/usr/bin/setgid"
  chmod 2755 "$pkgdir/usr/bin/setgid"
  chmod 1777 "$pkgdir/usr/share/library/empty"
}
`,
  'library.install': `post_install() { echo "library post $1" >> ${LOG}; }\n`,
}

/** Shares directories with the others under other modes, and has a link where another has a directory. */
const SHARING = {
  PKGBUILD: `
pkgname=sharing
pkgver=1
pkgrel=1
arch=(any)
depends=(base scripts)
options=(!strip !debug emptydirs)
package() {
  mkdir -p "$pkgdir/usr/share/library/empty" "$pkgdir/usr/share/sharing"
  chmod 700 "$pkgdir/usr/share/library"
  echo three > "$pkgdir/usr/share/library/three"
}
`,
}

const work = temporaryDirectory()
const built = new Map<string, string>()

describe.skipIf(reason !== '')(`an image of an alpm lock${reason}`, () => {
  beforeAll(async () => {
    const base = join(work, 'base-1-1-any.pkg.tar.zst')
    await writeHostBase('alpm', base)
    built.set('base', base)
    for (const [name, files] of Object.entries({ library: LIBRARY, scripts: SCRIPTS, sharing: SHARING }))
      built.set(name, await makepkg(join(work, 'build', name), files))
    built.set('capable', await capable())
  }, 300_000)

  test.each([
    ['scripts and hooks', ['base', 'library', 'scripts']],
    ['directories that several packages have', ['base', 'library', 'scripts', 'sharing']],
    ['set-user-id programs and hard links and capabilities', ['base', 'library', 'capable']],
  ])(
    'of %s is what pacman installs',
    async (what, names) => {
      const files = names.map((name) => built.get(name) ?? '')
      const own = join(work, what.replaceAll(' ', '-'))
      const root = join(own, 'root')
      await installByPacman(root, files)
      const store = openStore(join(own, 'store'))
      const { manifest } = await composeFiles(store, 'alpm', files)
      const [ours, theirs] = [listImage(store, manifest), await listDirectory(root)]
      expect(differences(ours, theirs, DELIBERATE_DIFFERENCES)).toEqual([])
      expect(theirs.size).toBeGreaterThan(40)
      for (const path of [...theirs.keys()].filter((candidate) => candidate.endsWith('/desc'))) {
        const read = lookup(store, manifest.root.tree, path)
        const desc = read?.type === 'file' ? store.read(read.digest).toString() : ''
        expect(undated(desc)).toBe(undated(readFileSync(join(root, path), 'utf8')))
      }
      const laidOut = await checkoutImage(store, manifest, join(own, 'image'))
      const asked = async (...argv: string[]) => {
        const { stdout, stderr } = await pacman(laidOut, argv)
        return stdout.toString() + stderr
      }
      // What a script changed pacman reports of its own installation too; its time alone is another (docs/design).
      const { stdout, stderr } = await pacman(root, ['-Qkk'])
      const report = (text: string) => text.split('\n').filter((line) => !line.endsWith('(Modification time mismatch)'))
      expect(report(await asked('-Qkk'))).toEqual(report((stdout.toString() + stderr).replaceAll(root, laidOut)))
      expect((await asked('-Q')).trim().split('\n')).toHaveLength(names.length)
      expect(await asked('-Dk')).toBe((await pacman(root, ['-Dk'])).stdout.toString())
    },
    60_000,
  )
})

/** pacman -U says that nobody verified a file; a lock's packages are verified by their digest. */
function undated(desc: string): string {
  return desc.replace(/%INSTALLDATE%\n\d+\n/, '').replace(/%VALIDATION%\n\w+\n/, '')
}

async function makepkg(directory: string, files: Readonly<Record<string, string>>): Promise<string> {
  mkdirSync(directory, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  for (const path of [work, join(work, 'build')]) chmodSync(path, 0o711)
  const nobody = { uid: 65_534, gid: 65_534 }
  chownSync(directory, nobody.uid, nobody.gid)
  await run(['makepkg', '--nodeps', '--force', '--noconfirm'], {
    cwd: directory,
    ...nobody,
    env: {
      PATH: SYSTEM_PATH,
      HOME: directory,
      LC_ALL: 'C.UTF-8',
      PKGEXT: '.pkg.tar.zst',
      PACKAGER: 'Jane Doe <jane@example.org>',
      SOURCE_DATE_EPOCH: '1700000000',
    },
  })
  const made = readdirSync(directory).find((name) => name.endsWith('.pkg.tar.zst'))
  return join(directory, made ?? 'nothing')
}

/** makepkg's fakeroot knows no capabilities; the attribute's bytes are those of cap_net_raw=ep (linux/capability.h, revision 2). */
async function capable(): Promise<string> {
  const path = join(work, 'capable-1-1-any.pkg.tar.zst')
  const value = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('base64')
  const member = { uid: 0, gid: 0, mtime: 1_650_000_000, size: 0, mode: 0o755 }
  const bytes = readFileSync('/bin/true')
  await formats.alpm.writePackage(path, {
    fields: packageFields('alpm', 'capable', [['depend', 'base']]),
    control: new Map(),
    payload: [
      {
        ...member,
        path: 'usr/bin/capable',
        type: 'file',
        bytes,
        size: bytes.length,
        xattrs: { 'security.capability': value },
      },
      { ...member, path: 'usr/bin/linked', type: 'hardlink', target: 'usr/bin/capable' },
      { ...member, path: 'usr/share', type: 'directory', mode: 0o755 },
      { ...member, path: 'usr/share/owned', type: 'file', mode: 0o600, uid: 65_534, gid: 8 },
    ],
    epoch: 1_650_000_000,
  })
  return path
}

async function pacman(root: string, argv: readonly string[]) {
  const config = join(work, 'pacman.conf')
  if (!existsSync(config)) writeFileSync(config, '[options]\nArchitecture = x86_64\n')
  const places = [
    '--root',
    root,
    '--dbpath',
    `${root}/var/lib/pacman`,
    '--config',
    config,
    '--cachedir',
    join(work, 'cache'),
  ]
  return await run(['pacman', ...places, '--logfile', '/dev/null', '--noconfirm', ...argv], {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' },
    okCodes: [0, 1],
  })
}

async function installByPacman(root: string, files: readonly string[]): Promise<void> {
  mkdirSync(join(root, 'var/lib/pacman'), { recursive: true })
  const { code, stderr } = await pacman(root, ['-U', ...files])
  if (code !== 0) throw new Error(`pacman -U: ${stderr}`)
}
