import { digestOf, parseYamlDocument, type Place } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import type { Lock } from '@holotype/solver'
import { buildTree, openStore } from '@holotype/store'
import { describe, expect, test } from 'vitest'
import type { PathMap } from '../compose/path-map.ts'
import { applySpec } from '../spec/apply-spec.ts'
import { resolveSpec } from '../spec/resolve-spec.ts'
import { mapOf, type SyntheticPath, unpackedOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import type { ImageManifest } from '../types.ts'
import { unpackedKey } from '../unpack/unpacked.ts'
import { explain } from './explain.ts'

const store = openStore(temporaryDirectory())

const SPEC = `packages: [tool]
exclude: [mail]
prune:
  paths: [/usr/share/games/**]
  man: false
files:
  /etc/motd: { content: hello }
users: { app: { uid: 900 } }
sysctl: { vm.swappiness: 1 }
units:
  enable: [tool.service]
  mask: [other.service]
exclusions: [/etc/node]
`
const document = parseYamlDocument({ file: 'images/web.yaml', text: SPEC }, imageSchema)
const declared = {
  spec: document.value,
  originOf: (path: readonly PropertyKey[]) => document.placeOf(path, typeof path.at(-1) === 'number' ? 'value' : 'key'),
}

const UNIT = '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n'
const PACKAGES: Readonly<Record<string, Readonly<Record<string, SyntheticPath>>>> = {
  tool: {
    'bin/tool': 'program',
    'usr/lib/systemd/system/tool.service': UNIT,
    'usr/lib/systemd/system/other.service': UNIT,
    'usr/lib/systemd/system/plain.service': '[Service]\n',
    'usr/lib/systemd/system-preset/90.preset': '# first\nenable tool.*\n',
    'usr/share/man/man1/tool.1.gz': 'page',
    'etc/tool.conf': 'as shipped',
    'usr/share/gone': 'x',
  },
  lib: { 'usr/share/games/score': 'score', 'usr/bin/tool': 'of lib', 'etc/motd': 'of lib' },
}

const base = mapOf(
  store,
  {
    'usr/bin/tool': 'program',
    bin: '-> usr/bin',
    'usr/lib/systemd/system/tool.service': UNIT,
    'usr/lib/systemd/system/other.service': UNIT,
    'usr/lib/systemd/system/plain.service': '[Service]\n',
    'usr/lib/systemd/system-preset/90.preset': '# first\nenable tool.*\n',
    'etc/tool.conf': 'as a script left it',
  },
  'package:tool',
)
const made = mapOf(
  store,
  {
    'etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
    'etc/group': 'root:x:0:\n',
    'etc/node': 'x',
    'etc/systemd/system/multi-user.target.wants/tool.service': '-> /usr/lib/systemd/system/tool.service',
    'etc/systemd/system/multi-user.target.wants/plain.service': '-> /usr/lib/systemd/system/plain.service',
    'etc/systemd/system/other.service': '-> /dev/null',
    'etc/systemd/system/tool.service.d/more.conf': '[Service]\n',
    'var/lib/dpkg/diversions': '/usr/bin/tool\n/usr/bin/tool.distrib\nlib\n',
  },
  'step:maintainer-scripts',
)

/** An image as composing leaves it in the store. */
function image() {
  const map: PathMap = new Map([...made, ...base])
  const spec = resolveSpec(store, { name: 'web', spec: document.value, directory: '/' })
  applySpec(map, { store, spec, epoch: 7 })
  const packages = Object.entries(PACKAGES).map(([name, files]) => {
    const sha256 = digestOf(Buffer.from(name)).slice('sha256:'.length)
    store.remember(unpackedKey(`sha256:${sha256}`), store.putJson(unpackedOf(store, { name, files }).unpacked))
    return {
      name,
      version: '1',
      architecture: 'amd64',
      source: name,
      sourceVersion: '1',
      size: 9,
      sha256,
      from: 'host',
    }
  })
  const lock: Lock = {
    schema: 'holotype.lock/1',
    image: 'web',
    format: 'deb',
    architecture: 'amd64',
    snapshots: { host: digestOf(Buffer.from('snapshot')) },
    packages: packages.sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
  const owners: Record<string, string[]> = {}
  for (const [path, { owner }] of map) (owners[owner] ??= []).push(`/${path}`)
  const tree = buildTree(
    store,
    [...map].map(([path, { entry }]) => ({ path, entry })),
  )
  const manifest = {
    schema: 'holotype.image/1',
    name: 'web',
    format: 'deb',
    architecture: 'amd64',
    root: { tree: tree.digest, mode: 0o755, uid: 0, gid: 0, mtime: 0 },
    stats: tree.stats,
    lock: store.putJson(lock),
    spec: store.putJson(spec),
    packages: store.putJson([]),
    owners: store.putJson(owners),
    exclusions: spec.exclusions,
    triggers: spec.triggers,
  } satisfies ImageManifest
  return store.putJson(manifest)
}
const digest = image()
const at = (place: Place | undefined) => (place ? ` @${place.line}:${place.column}` : '')

/** What is said, each with its place. */
async function said(what: string): Promise<string[]> {
  const { statements } = await explain({ store, image: digest, what, declared })
  return statements.map(({ text, place }) => text + at(place))
}
const owner = async (what: string) => {
  const explained = await explain({ store, image: digest, what, declared })
  return explained.kind === 'package' ? undefined : explained.owner?.owner
}

describe('a path', () => {
  test("of a package, through the image's links, with who else has it", async () => {
    expect(await owner('/bin/tool')).toBe('package:tool')
    expect(await said('/bin/tool')).toEqual([
      '/bin/tool leads to /usr/bin/tool',
      'lib diverts what others have here to /usr/bin/tool.distrib',
      'lib 1 has /usr/bin/tool (6 B) too, and gives way',
    ])
  })

  test('that a script changed', async () => {
    expect(await said('/etc/tool.conf')).toEqual(['maintainer scripts changed its content'])
  })

  test('of the spec: its file, what its settings are written to, its accounts', async () => {
    expect(await said('/etc/motd')).toEqual([
      '`files` of the spec has /etc/motd @7:3',
      'lib 1 has /etc/motd (6 B) too, and gives way',
    ])
    expect(await said('/etc/sysctl.d/60-holotype.conf')).toEqual(['`sysctl` of the spec is written here @9:1'])
    expect(await said('/etc/passwd')).toContain('`users` of the spec adds app @8:10')
    expect(await owner('/etc/passwd')).toBe('step:maintainer-scripts')
  })

  test('that is not there: pruned, scrubbed, removed, or of nobody', async () => {
    expect(await said('/usr/share/man/man1/tool.1.gz')).toEqual([
      '`prune.man` of the spec leaves out /usr/share/man/** @5:3',
      'tool 1 has /usr/share/man/man1/tool.1.gz (4 B)',
    ])
    expect((await said('/usr/share/games/score'))[0]).toBe(
      '`prune.paths.0` of the spec leaves out /usr/share/games/** @4:11',
    )
    expect((await said('/etc/ssh/ssh_host_rsa_key'))[0]).toContain('every composition leaves out /etc/ssh/ssh_host_*')
    expect((await said('/usr/share/gone'))[0]).toBe('a maintainer script removed it')
    expect(await said('/nowhere')).toEqual(['no package has it, nor does the spec'])
    expect(await explain({ store, image: digest, what: '/nowhere' })).toMatchObject({ present: false })
  })

  test('that nodes leave alone', async () => {
    expect(await said('/etc/node')).toContain('on nodes it is left alone: /etc/node @13:14')
  })
})

describe('a unit', () => {
  const state = async (what: string) => {
    const explained = await explain({ store, image: digest, what, declared })
    return explained.kind === 'unit' && explained.state
  }

  test('that the spec enables, with what adds to it and the preset', async () => {
    expect(await state('tool.service')).toBe('enabled')
    expect(await owner('tool.service')).toBe('package:tool')
    expect(await said('tool.service')).toEqual([
      '/etc/systemd/system/multi-user.target.wants/tool.service: enabled by the spec @11:12',
      '/etc/systemd/system/tool.service.d/more.conf: made by a maintainer script or `Also=` of a unit',
      '`units.enable` of the spec has it @11:12',
      'the preset /usr/lib/systemd/system-preset/90.preset:2 says enable tool.*',
    ])
  })

  test('that a script enabled, that is masked, or that is not there', async () => {
    expect(await state('plain.service')).toBe('enabled')
    expect((await said('plain.service'))[0]).toContain('made by a maintainer script')
    expect(await state('other.service')).toBe('masked')
    expect(await said('other.service')).toContain('`units.mask` of the spec has it @12:10')
    expect(await said('none.timer')).toEqual(['the image has no unit none.timer'])
  })
})

test('a package that is not in; one whose file the store lost', async () => {
  expect(await said('mail')).toEqual(['no package of the image is called mail', 'the spec excludes mail @2:11'])
  expect(await explain({ store, image: digest, what: 'tool', declared })).toMatchObject({
    paths: 15,
    version: '1',
    present: true,
  })
  expect(await said('tool')).toEqual([
    'who needs it cannot be told: the store has not all package files of the lock any more',
    'web asks for tool @1:12',
  ])
})
