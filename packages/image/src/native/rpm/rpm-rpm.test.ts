import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { run, SYSTEM_PATH } from '@holotype/base'
import { lookup, openStore } from '@holotype/store'
import { beforeAll, describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../../testing/temporary.ts'
import { checkoutImage } from '../testing/checkout-image.ts'
import { composeFiles } from '../testing/compose-files.ts'
import { writeHostBase } from '../testing/host-base.ts'
import { differences, listDirectory, listImage } from '../testing/native-tree.ts'
import { skipReason } from '../testing/tools.ts'
import { DELIBERATE_DIFFERENCES } from './differences.ts'

/* rpm installs the same package files into an empty root: what it leaves is what we compose. */

const reason = skipReason('rpm', 'rpmbuild', 'rpmlua', 'setfattr')

const DATABASE = 'usr/lib/sysimage/rpm'
const LOG = '/var/log/order'

const preamble = (name: string, more = '') => `
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w3.zstdio
Name: ${name}
Version: 1.0
Release: 2
Summary: ${name}, a sample
License: MIT
AutoReqProv: no
Requires: base
${more}
%description
A sample.
`

const SPECS: Readonly<Record<string, string>> = {
  library: `${preamble('library')}
%install
mkdir -p %{buildroot}/usr/share/library/empty %{buildroot}/usr/bin %{buildroot}/etc
echo one > %{buildroot}/usr/share/library/one
ln %{buildroot}/usr/share/library/one %{buildroot}/usr/share/library/hard
ln -s one %{buildroot}/usr/share/library/symbolic
ln -s /usr/share/nowhere %{buildroot}/usr/share/library/dangling
mkdir -p %{buildroot}/var/lib/library
echo gone > %{buildroot}/var/lib/library/removed
echo same > %{buildroot}/usr/share/library/same
echo 'a = b' > %{buildroot}/etc/library.conf
cp /bin/true %{buildroot}/usr/bin/setuid
cp /bin/true %{buildroot}/usr/bin/setgid
cp /bin/true %{buildroot}/usr/bin/capable
cp /bin/true %{buildroot}/usr/bin/unknown
touch %{buildroot}/usr/share/library/ghost
%post
echo "library post $1 $# $(id -u) $PWD $(umask)" >> ${LOG}
%posttrans
echo "library posttrans $1" >> ${LOG}
%files
%dir %attr(700,root,mail) /usr/share/library
%dir %attr(1777,root,root) /usr/share/library/empty
/usr/share/library/one
/usr/share/library/hard
/usr/share/library/symbolic
/usr/share/library/dangling
/var/lib/library
/usr/share/library/same
%ghost /usr/share/library/ghost
%config(noreplace) %attr(640,nobody,mail) /etc/library.conf
%attr(4755,root,root) /usr/bin/setuid
%attr(2755,root,mail) /usr/bin/setgid
%caps(cap_net_raw=ep) /usr/bin/capable
%attr(6755,nobodyhas,nobodyhas) /usr/bin/unknown
`,
  scripts: `${preamble('scripts', 'BuildArch: noarch\nRequires(pre): /bin/sh\nRequires(post): library >= 1\nProvides: made = 2\nRecommends: nothing\nConflicts: old < 1\nObsoletes: older')}
%install
mkdir -p %{buildroot}/usr/share/scripts %{buildroot}/var/lib/scripts
echo a > %{buildroot}/usr/share/scripts/a
echo b > %{buildroot}/var/lib/scripts/b
%pre
echo "scripts pre $1 $#" >> ${LOG}
echo 'made:x:123:124::/:/bin/false' >> /etc/passwd
echo 'made:x:124:' >> /etc/group
%post
echo "scripts post $1 $#" >> ${LOG}
touch /var/lib/scripts/new
chmod 2750 /var/lib/scripts/new
chown 0:8 /var/lib/scripts/new
sed -i 's/b$/c/' /etc/library.conf
rm /var/lib/library/removed
%posttrans -p /bin/bash
echo "scripts posttrans $1 $#" >> ${LOG}
%preun
exit 1
%triggerin -- library >= 1, triggers
echo "scripts triggerin $1 $2" >> ${LOG}
%triggerin -- library < 1
echo "never" >> ${LOG}
%triggerun -- library
exit 1
%files
/usr/share/scripts
%attr(640,made,made) /usr/share/scripts/a
%dir %attr(750,made,made) /var/lib/scripts
/var/lib/scripts/b
`,
  triggers: `${preamble('triggers', 'BuildArch: noarch\nRequires: scripts')}
%install
mkdir -p %{buildroot}/usr/share/triggers %{buildroot}/usr/share/library
echo same > %{buildroot}/usr/share/library/same
echo c > %{buildroot}/usr/share/triggers/c
%pre
echo "triggers pre" >> ${LOG}
%post
echo "triggers post" >> ${LOG}
%triggerin -- scripts
echo "triggers triggerin $1 $2" >> ${LOG}
%filetriggerin -- /usr/share/library /usr/share/later
echo "triggers filetriggerin $*: $(cat | sort)" >> ${LOG}
%filetriggerin -P 10 -- /usr/share/scripts /usr/share/later
echo "triggers low filetriggerin $*: $(cat | sort)" >> ${LOG}
%transfiletriggerin -P 5 -- /usr/share/later
echo "triggers low transfiletriggerin $*: $(cat | sort)" >> ${LOG}
%transfiletriggerin -- /usr/share/library /usr/share/later
echo "triggers transfiletriggerin $*: $(cat | sort)" >> ${LOG}
%transfiletriggerin -- /nowhere
exit 1
%transfiletriggerpostun -- /usr
exit 1
%files
/usr/share/triggers
%dir %attr(700,root,mail) /usr/share/library
/usr/share/library/same
`,
  lua: `${preamble('lua', 'BuildArch: noarch\nRequires: scripts')}
%install
mkdir -p %{buildroot}/usr/share/lua
%pretrans -p <lua>
posix.mkdir("/var")
%pre -p <lua>
local log = io.open("${LOG}", "a")
log:write("lua pre ", arg[2], " ", tostring(posix.stat("/etc/passwd", "type")), "\\n")
log:close()
%post -p <lua>
local log = io.open("${LOG}", "a")
log:write("lua post ", arg[2], "\\n")
log:close()
posix.symlink("log", "/var/linked")
%files
/usr/share/lua
`,
  later: `${preamble('later', 'BuildArch: noarch\nRequires: triggers')}
%install
mkdir -p %{buildroot}/usr/share/later
echo d > %{buildroot}/usr/share/later/d
echo e > %{buildroot}/usr/share/later/e
%post
echo "later post" >> ${LOG}
%files
/usr/share/later
`,
}

const work = temporaryDirectory()
const built = new Map<string, string>()

describe.skipIf(reason !== '')(`an image of an rpm lock${reason}`, () => {
  beforeAll(async () => {
    const base = join(work, 'base-1-1.noarch.rpm')
    await writeHostBase('rpm', base)
    built.set('base', base)
    await Promise.all(Object.entries(SPECS).map(async ([name, spec]) => built.set(name, await rpmbuild(name, spec))))
  }, 300_000)

  test.each([
    ['scriptlets', ['base', 'library', 'scripts']],
    ['triggers', ['base', 'library', 'scripts', 'triggers', 'later']],
    ["scriptlets in rpm's own Lua", ['base', 'library', 'scripts', 'lua']],
    ['set-user-id programs and hard links and capabilities', ['base', 'library']],
  ])(
    'of %s is what rpm installs',
    async (what, names) => {
      const files = names.map((name) => built.get(name) ?? '')
      const own = join(work, what.replaceAll(' ', '-'))
      const root = join(own, 'root')
      mkdirSync(root, { recursive: true })
      await rpm(root, ['-U', '--nosignature', ...files])
      const store = openStore(join(own, 'store'))
      const { manifest } = await composeFiles(store, 'rpm', files)
      const log = lookup(store, manifest.root.tree, LOG.slice(1))
      if (log?.type === 'file') expect(store.read(log.digest).toString()).toBe(readFileSync(join(root, LOG), 'utf8'))
      expect(differences(listImage(store, manifest), await listDirectory(root), DELIBERATE_DIFFERENCES)).toEqual([])

      const laidOut = await checkoutImage(store, manifest, join(own, 'image'))
      expect(indexes(laidOut)).toEqual(indexes(root))
      for (const argv of [
        ['-qa'],
        ['-qa', '--queryformat', '%{NAME} %{SIGMD5} %{SHA1HEADER} %{FILESTATES} %{ARCHIVESIZE}\n'],
        ['-Va', '--nomtime'],
      ])
        expect(lines(await rpm(laidOut, argv)), argv.join(' ')).toEqual(lines(await rpm(root, argv)))
      expect(lines(await rpm(laidOut, ['-qa']))).toHaveLength(names.length)
    },
    60_000,
  )
})

const lines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('rpm: '))
    .sort()

/** Every table of the database but what the time of installation decides. */
function indexes(root: string): Record<string, unknown> {
  const database = new DatabaseSync(join(root, DATABASE, 'rpmdb.sqlite'))
  try {
    const tables = database
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`)
      .all()
    return Object.fromEntries(
      tables
        .map(({ name }) => String(name))
        .filter((name) => name !== 'Packages' && name !== 'Installtid')
        .map((name) => [name, database.prepare(`SELECT key, hnum, idx FROM '${name}' ORDER BY hnum, idx, key`).all()]),
    )
  } finally {
    database.close()
  }
}

async function rpm(root: string, argv: readonly string[]): Promise<string> {
  const { stdout } = await run(['rpm', '--root', root, '--dbpath', `/${DATABASE}`, ...argv], {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', HOME: work },
    okCodes: argv[0] === '-Va' ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] : [0],
  })
  return stdout.toString()
}

async function rpmbuild(name: string, spec: string): Promise<string> {
  const top = join(work, name)
  mkdirSync(top)
  writeFileSync(join(top, `${name}.spec`), spec)
  await run(
    [
      'rpmbuild',
      '-bb',
      '--define',
      `_topdir ${top}`,
      '--define',
      '_rpmdir %{_topdir}',
      '--define',
      '_rpmfilename out.rpm',
      '--define',
      `_dbpath ${top}/db`,
      join(top, `${name}.spec`),
    ],
    {
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', HOME: work, SOURCE_DATE_EPOCH: '1700000000' },
    },
  )
  return join(top, 'out.rpm')
}
