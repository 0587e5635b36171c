import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { imageSchema } from '@holotype/distribution'
import { openStore } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import type { PathMap } from '../compose/path-map.ts'
import { undateShadow } from '../compose/undated-shadow.ts'
import { mapOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { accountNumbers, addAccounts } from './accounts.ts'

const directory = temporaryDirectory()
const store = openStore(directory)

const THERE = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\nadm:x:4:\nwww-data:x:33:\nssl-cert:x:101:postgres\n',
  'etc/shadow': 'root:*::0:99999:7:::\nwww-data:*::0:99999:7:::\n',
  'etc/gshadow': 'root:*::\nadm:*::\nwww-data:*::\nssl-cert:!::postgres\n',
}
const FILES = ['passwd', 'group', 'shadow', 'gshadow'] as const

const specOf = (spec: object) => imageSchema.parse({ packages: ['a'], ...spec })
const textOf = (map: PathMap, path: string) => {
  const entry = map.get(path)?.entry
  return entry?.type === 'file' ? store.read(entry.digest).toString() : ''
}
const after = (spec: object, there: Readonly<Record<string, string>> = THERE) => {
  const map = mapOf(store, there)
  addAccounts(map, store, specOf(spec))
  return map
}

const SPEC = {
  groups: { deploy: { gid: 1500 }, metrics: { gid: 700 } },
  users: {
    app: { uid: 900, groups: ['ssl-cert', 'adm'], home: '/srv/app' },
    jane: {
      uid: 2000,
      group: 'deploy',
      comment: 'Jane Doe',
      home: '/home/jane',
      shell: '/bin/bash',
      groups: ['adm'],
      password: '$y$j9T$abc$def',
    },
    agent: { uid: 700, group: 'metrics' },
  },
}

const tools = spawnSync('useradd', ['--help']).status === 0 && process.getuid?.() === 0

describe.skipIf(!tools)('accounts (skipped without root and the useradd of Debian: the judge)', () => {
  test('are lines as groupadd and useradd write them, byte for byte', () => {
    const root = join(directory, 'root')
    rmSync(root, { recursive: true, force: true })
    mkdirSync(join(root, 'etc'), { recursive: true })
    for (const [path, text] of Object.entries(THERE)) writeFileSync(join(root, path), text)
    // As Debian's own, which packages leave as it is.
    writeFileSync(join(root, 'etc/login.defs'), 'PASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\nPASS_WARN_AGE 7\n')
    const ran = (program: string, ...args: string[]) => {
      const { status, stderr } = spawnSync(program, ['--prefix', root, ...args], { encoding: 'utf8' })
      expect({ status, stderr: stderr.includes('invalid') }, `${program}: ${stderr}`).toEqual({
        status: 0,
        stderr: false,
      })
    }
    const added = (uid: number, home: string, shell: string, ...args: string[]) =>
      ran(
        'useradd',
        '--no-create-home',
        '--no-log-init',
        '--uid',
        String(uid),
        '--home-dir',
        home,
        '--shell',
        shell,
        ...args,
      )
    const nobody = ['/nonexistent', '/usr/sbin/nologin'] as const
    ran('groupadd', '--gid', '700', 'metrics')
    ran('groupadd', '--gid', '1500', 'deploy')
    added(700, ...nobody, '--system', '--gid', 'metrics', 'agent')
    added(900, '/srv/app', '/usr/sbin/nologin', '--system', '--user-group', '--groups', 'ssl-cert,adm', 'app')
    added(2000, '/home/jane', '/bin/bash', '--gid', 'deploy', '--groups', 'adm', '--comment', 'Jane Doe', 'jane')
    // --password and --prefix do not go together in every version: the hash is put where useradd wrote "!".
    const map = mapOf(
      store,
      Object.fromEntries(FILES.map((file) => [`etc/${file}`, readFileSync(join(root, 'etc', file), 'utf8')])),
    )
    undateShadow(map, store)
    const native = FILES.map((file) => textOf(map, `etc/${file}`).replace('jane:!:', 'jane:$y$j9T$abc$def:'))
    const ours = after(SPEC)
    expect(FILES.map((file) => textOf(ours, `etc/${file}`))).toEqual(native)
    for (const file of FILES) writeFileSync(join(root, 'etc', file), textOf(ours, `etc/${file}`))
    expect(spawnSync('grpck', ['--root', root, '-r'], { encoding: 'utf8' }).stdout).not.toContain('gshadow')
  })

  test('that are there exactly so stay as they are, and no file changes', () => {
    const once = after(SPEC)
    const twice = mapOf(store, Object.fromEntries(FILES.map((file) => [`etc/${file}`, textOf(once, `etc/${file}`)])))
    addAccounts(twice, store, specOf(SPEC))
    for (const file of FILES) expect(textOf(twice, `etc/${file}`)).toBe(textOf(once, `etc/${file}`))
  })
})

test('an account that a package made gets the password that the spec gives it, and no other', () => {
  const jane = SPEC.users.jane
  const before = after(SPEC)
  const files = () => Object.fromEntries(FILES.map((file) => [`etc/${file}`, textOf(before, `etc/${file}`)]))
  const again = (password?: string) => {
    const map = mapOf(store, files())
    addAccounts(map, store, specOf({ users: { jane: { ...jane, password } } }))
    return textOf(map, 'etc/shadow')
  }
  expect(again('$y$j9T$other$hash')).toContain('jane:$y$j9T$other$hash:')
  expect(again(undefined)).toContain(`jane:${jane.password}:`)
})

test.each([
  [{ users: { app: { uid: 33 } } }, 'the group app cannot have gid 33: that is the group www-data'],
  [{ users: { app: { uid: 33, group: 'adm' } } }, 'the user app cannot have uid 33: that is the user www-data'],
  [
    { users: { 'www-data': { uid: 34 } } },
    'the user www-data cannot have 34:33::/nonexistent:/usr/sbin/nologin: a package made it as 33:33:www-data:/var/www:/usr/sbin/nologin',
  ],
  [{ groups: { adm: { gid: 9 } } }, 'the group adm cannot have gid 9: a package made it with gid 4'],
  [{ groups: { mine: { gid: 4 } } }, 'the group mine cannot have gid 4: that is the group adm'],
  [{ groups: { one: { gid: 9 }, two: { gid: 9 } } }, 'the group two cannot have gid 9: that is the group one'],
  [{ users: { app: { uid: 9, groups: ['none'] } } }, 'the user app is to be in the group none, and the image has none'],
])('%j is refused', (spec, message) => {
  expect(() => after(spec)).toThrow(expect.objectContaining({ code: 'IMAGE_SPEC_REFUSED', message }))
})

test('an image without accounts has none to add to', () => {
  expect(() => after({ groups: { a: { gid: 1 } } }, {})).toThrow('the image has no /etc/passwd')
})

test('names are looked up as the image has them then', () => {
  const numbers = accountNumbers(after(SPEC), store)
  expect([numbers.uid('app'), numbers.gid('deploy'), numbers.uid('root'), numbers.gid(12)]).toEqual([900, 1500, 0, 12])
  expect(() => numbers.uid('nobody')).toThrow('the spec gives a file to the user nobody, and the image has none')
})
