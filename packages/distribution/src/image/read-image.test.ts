import { HolotypeError, parseYamlDocument, type YamlDocument } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { merge, mergeable, plain } from './merge.ts'
import { checkProfile, type ReadImage, readImageSpec, type SpecFiles } from './read-image.ts'

type Texts = Readonly<Record<string, string>>

const document = (file: string, text: string): YamlDocument<unknown> => parseYamlDocument({ file, text }, z.unknown())

function filesOf(texts: Texts): SpecFiles {
  const named = (folder: string) =>
    Object.keys(texts).flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : []))
  return {
    images: named('images'),
    profiles: named('profiles'),
    read: (folder, name) => document(`${folder}/${name}.yaml`, texts[`${folder}/${name}`] ?? ''),
  }
}

const read = (texts: Texts, image = 'web'): ReadImage => readImageSpec(filesOf(texts), image)

function errorOf(work: () => unknown): { code: string; message: string } {
  try {
    work()
  } catch (error) {
    if (error instanceof HolotypeError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('nothing was thrown')
}

const at = (image: ReadImage, ...path: PropertyKey[]) => {
  const place = image.originOf(path)
  return place && `${place.file}:${place.line}:${place.column}`
}

const BASE = `description: what all have
packages: [systemd-sysv, less]
recommends: true
variables: { site: nowhere, port: 80 }
files:
  /etc/motd: { content: "of \${site}\\n", mode: '0600' }
units: { enable: [chrony.service] }
prune: { man: false, keep: [/usr/share/doc/*/copyright] }
`

describe('an image that starts from another', () => {
  const texts = {
    'images/base': BASE,
    'images/nginx': 'packages: [nginx]\nbase: base\nunits: { enable: [nginx.service] }\n',
    'images/metrics': 'packages: [prometheus-node-exporter]\nbase: base\n',
    'profiles/eu': 'variables: { site: Europe }\ntimezone: Europe/Paris\nsysctl: { vm.swappiness: 1 }\n',
    'images/web': `base: nginx
layers: [metrics]
profiles: [eu]
packages: [less, vim]
recommends: false
files: { /etc/motd: { content: 'mine' }, /etc/port: { content: "\${port}" } }
`,
  }
  const image = read(texts)

  test('has the lists of all joined, each file once, and what is named twice as the later says', () => {
    expect(image.value).toMatchObject({
      description: '',
      packages: ['systemd-sysv', 'less', 'nginx', 'prometheus-node-exporter', 'vim'],
      recommends: false,
      units: { enable: ['chrony.service', 'nginx.service'] },
      prune: { man: false, keep: ['/usr/share/doc/*/copyright'], paths: [] },
      timezone: 'Europe/Paris',
      sysctl: { 'vm.swappiness': 1 },
      variables: { site: 'Europe', port: 80 },
    })
    expect(Object.keys(image.value)).not.toEqual(expect.arrayContaining(['base']))
  })

  test('has entries of tables whole from one place', () => {
    expect(image.value.files['/etc/motd']).toEqual({ content: 'mine', template: false })
    expect(read(texts, 'nginx').value.files['/etc/motd']).toMatchObject({ content: 'of nowhere\n', mode: 0o600 })
  })

  test('knows where each of its values stands', () => {
    expect(at(image, 'packages', 0)).toBe('images/base.yaml:2:12')
    expect(at(image, 'packages', 2)).toBe('images/nginx.yaml:1:12')
    expect(at(image, 'packages', 4)).toBe('images/web.yaml:4:18')
    expect(at(image, 'files', '/etc/motd')).toBe('images/web.yaml:6:10')
    expect(at(image, 'timezone')).toBe('profiles/eu.yaml:2:1')
    expect(at(image, 'mounts')).toBeUndefined()
    expect(at(image, 'units', 'mask', 0)).toBeUndefined()
  })

  test('tells a mistake at its place, whichever file it is in', () => {
    const wrong = (changed: Texts) => errorOf(() => read({ ...texts, ...changed }))
    expect(wrong({ 'images/metrics': 'base: base\npackages: [good, bad name]\n' })).toMatchObject({
      code: 'YAML_SCHEMA',
      message: expect.stringContaining('images/metrics.yaml:2:18: packages.1: a package is'),
    })
    expect(wrong({ 'profiles/eu': 'timezon: Europe/Paris\n' }).message).toContain(
      'profiles/eu.yaml:1:1: unknown key "timezon"; did you mean "timezone"?',
    )
    expect(wrong({ 'profiles/eu': 'base: base\n' }).message).toContain(
      'profiles/eu.yaml:1:7: base: a profile has no base',
    )
    expect(
      wrong({ 'images/nginx': 'packages: [x]\nunits: { disable: [a.service], enable: [a.service] }\n' }).message,
    ).toContain('images/nginx.yaml:2:20: units.disable.0: "a.service" is in units.enable too')
  })
})

describe('what is removed', () => {
  const removing = (text: string, base = BASE) => read({ 'images/base': base, 'images/web': `base: base\n${text}` })

  test('is gone before the own keys count: items of lists, keys of tables', () => {
    const { value } = removing(`remove: { packages: [less], files: [/etc/motd], units: { enable: [chrony.service] } }
packages: [most]
units: { mask: [chrony.service] }
`)
    expect(value.packages).toEqual(['systemd-sysv', 'most'])
    expect(value.files).toEqual({})
    expect(value.units).toEqual({ enable: [], disable: [], mask: ['chrony.service'] })
  })

  test('is found by its name', () => {
    const triggers = 'triggers: [{ name: a, paths: [/a], run: [a] }, { name: b, paths: [/b], run: [b] }]\n'
    expect(removing('remove: { triggers: [a] }', BASE + triggers).value.triggers.map(({ name }) => name)).toEqual(['b'])
  })

  test.each([
    ['remove: { packages: [lees] }', 'images/web.yaml:2:22: there is no "lees" to remove; did you mean "less"?'],
    ['remove: { pakages: [less] }', 'images/web.yaml:2:11: there is no "pakages" to remove; did you mean "packages"?'],
    ['remove: { files: [/etc/x] }', 'images/web.yaml:2:19: there is no "/etc/x" to remove'],
    ['remove: { packages: less }', 'images/web.yaml:2:21: what is removed is a list of names'],
    ['remove: { recommends: [true] }', 'images/web.yaml:2:23: what is removed is a list of names'],
  ])('%s', (text, message) => {
    expect(errorOf(() => removing(text))).toEqual({
      code: 'DISTRIBUTION_NOTHING_TO_REMOVE',
      message: expect.stringContaining(message),
    })
  })
})

describe('what an image starts from', () => {
  test.each([
    [
      { 'images/web': 'base: bse\n', 'images/base': BASE },
      'DISTRIBUTION_UNKNOWN_IMAGE',
      'images/web.yaml:1:7: there is no image "bse"; did you mean "base"?',
    ],
    [
      { 'images/web': 'layers: [web]\n' },
      'DISTRIBUTION_CYCLE',
      'images/web.yaml:1:10: images/web starts from images/web',
    ],
    [
      { 'images/web': 'base: a\n', 'images/a': 'layers: [b]\n', 'images/b': 'base: a\n' },
      'DISTRIBUTION_CYCLE',
      'images/b.yaml:1:7: images/a starts from images/b starts from images/a',
    ],
    [
      { 'images/web': 'profiles: [us]\n', 'profiles/eu': '' },
      'DISTRIBUTION_UNKNOWN_PROFILE',
      'images/web.yaml:1:12: there is no profile "us"',
    ],
    [{ 'images/web': 'base: [x]\n' }, 'YAML_SCHEMA', 'images/web.yaml:1:7: base: '],
    [{ 'images/web': '- packages\n' }, 'YAML_SCHEMA', 'images/web.yaml:1:1'],
    [{ 'images/web': 'base: base\n', 'images/base': 'variables: {}\n' }, 'YAML_SCHEMA', 'missing key "packages"'],
  ])('%j', (texts, code, message) => {
    expect(errorOf(() => read(texts))).toEqual({ code, message: expect.stringContaining(message) })
  })

  test('is not without end', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [`images/i${index}`, `base: i${index + 1}\npackages: [a]\n`]),
    )
    expect(errorOf(() => read(chain, 'i0')).code).toBe('DISTRIBUTION_TOO_LARGE')
  })

  test('a profile that no image has is checked for its keys, and may use what an image will say', () => {
    checkProfile(document('profiles/x.yaml', 'timezone: ${zone}\nremove: { packages: [less] }\n'))
    expect(errorOf(() => checkProfile(document('profiles/x.yaml', 'unit: {}\n'))).message).toContain(
      'did you mean "units"?',
    )
  })
})

describe('variables', () => {
  const of = (content: string, variables = 'a: text, n: 7') =>
    read({ 'images/web': `packages: [x]\nvariables: { ${variables} }\nfiles: { /f: { content: ${content} } }\n` })

  test.each([
    ['"${a}-${n}"', 'text-7'],
    ['"$${a} $a ${A} ${1} $${HOME} ${a:-b}"', '${a} $a ${A} ${1} $${HOME} ${a:-b}'],
    ['"$$${a}"', '$${a}'],
  ])('%s', (content, expected) => expect(of(content).value.files['/f']?.content).toBe(expected))

  test('what is a variable and nothing else is as it is declared', () => {
    const { value } = read({
      'images/web': 'packages: [x]\nvariables: { id: 500 }\nusers: { app: { uid: "${id}" } }\n',
    })
    expect(value.users['app']).toMatchObject({ uid: 500, shell: '/usr/sbin/nologin', password: '!' })
  })

  test.each([
    [
      'files: { /f: { content: "a ${nme}" } }',
      'DISTRIBUTION_UNKNOWN_VARIABLE',
      'images/web.yaml:3:25: there is no variable "nme"; did you mean "name"?',
    ],
    ['triggers: [{ name: t, paths: [/x], run: [a, "${x}"] }]', 'DISTRIBUTION_UNKNOWN_VARIABLE', 'images/web.yaml:3:45'],
    ['files: { "/${name}": { content: a } }', 'YAML_SCHEMA', 'a path that is a key holds no variable'],
  ])('%s', (text, code, message) => {
    expect(errorOf(() => read({ 'images/web': `packages: [x]\nvariables: { name: y }\n${text}\n` }))).toEqual({
      code,
      message: expect.stringContaining(message),
    })
  })

  test('do not refer to each other', () => {
    expect(errorOf(() => of('x', 'a: "${b}", b: c')).message).toContain('a variable does not refer to another')
  })
})

describe('health checks', () => {
  const health = (text: string) => read({ 'images/web': `packages: [x]\nhealth: ${text}\n` }).value.health

  test('have defaults, in seconds; an image without them says nothing of them', () => {
    expect(read({ 'images/web': 'packages: [x]\n' }).value).not.toHaveProperty('health')
    expect(health('{ ports: [tcp/80], commands: [{ run: [a] }], http: [{ url: "http://127.0.0.1/" }] }')).toEqual({
      units: [],
      ports: ['tcp/80'],
      commands: [{ run: ['a'], timeout: 10 }],
      http: [{ url: 'http://127.0.0.1/', status: 200, timeout: 5 }],
      grace: 30,
    })
  })

  test.each([
    ['{}', 'from 1 to 100 checks'],
    ['{ ports: [80] }', 'health.ports'],
    ['{ http: [{ url: "file:///etc/passwd" }] }', 'health.http'],
    ['{ commands: [{ run: [a], timeout: 0s }] }', 'from 1s to 1h'],
    ['{ units: [a.service], grace: 2h }', 'at most 1h'],
  ])('%s is refused', (text, message) => {
    expect(errorOf(() => health(text))).toEqual({ code: 'YAML_SCHEMA', message: expect.stringContaining(message) })
  })
})

describe('a throttle', () => {
  const throttle = (text: string) => read({ 'images/web': `packages: [x]\nthrottle: ${text}\n` }).value.throttle

  test('is in bytes a second and percent; what it does not say is not in it', () => {
    expect(read({ 'images/web': 'packages: [x]\n' }).value).not.toHaveProperty('throttle')
    expect(throttle('{ network: 20MiB/s, pressure: { cpu: 5%, io: 100% } }')).toEqual({
      network: 20 * 1024 * 1024,
      pressure: { cpu: 5, io: 100 },
    })
    expect(throttle('{ disk: 1GiB/s }')).toEqual({ disk: 1024 ** 3 })
  })

  test.each([
    ['{ network: 20 }', 'throttle.network'],
    ['{ disk: 0MiB/s }', 'a rate is a whole number of MiB/s or GiB/s'],
    ['{ pressure: { cpu: 0% } }', 'from 1% to 100%'],
    ['{ pressure: { disk: 5% } }', 'unknown key "disk"'],
  ])('%s is refused', (text, message) => {
    expect(errorOf(() => throttle(text))).toEqual({ code: 'YAML_SCHEMA', message: expect.stringContaining(message) })
  })
})

test('joining is associative, and joining nothing changes nothing', () => {
  const value = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 3 }, fc.integer(), tie('list'), tie('table')),
    list: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }),
    table: fc.dictionary(fc.constantFrom('x', 'y', 'files', '__proto__'), tie('node'), { maxKeys: 3 }),
  })).table
  const of = (text: unknown) => mergeable(text, { document: document('f', ''), path: [] }, (leaf) => leaf)
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      const left = plain(merge(merge(of(a), of(b)), of(c)))
      expect(plain(merge(of({}), of(a)))).toEqual(a)
      // A list that a number stood over, or the other way round, is as the later says: then the order of joining shows.
      fc.pre(JSON.stringify(kindsOf(a, b, c)) === 'true')
      expect(plain(merge(of(a), merge(of(b), of(c))))).toEqual(left)
    }),
  )
})

/** Whether no key is a table or list in one and something else in another. */
function kindsOf(...values: readonly unknown[]): boolean {
  const kind = (value: unknown) => (Array.isArray(value) ? 'list' : typeof value === 'object' ? 'table' : 'whole')
  const present = values.filter((value) => value !== undefined)
  if (new Set(present.map(kind)).size > 1) return false
  const tables = present.filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
  const keys = new Set(tables.flatMap((table) => Object.keys(table ?? {})))
  return [...keys].every((key) =>
    kindsOf(...tables.map((table): unknown => Object.getOwnPropertyDescriptor(table, key)?.value)),
  )
}
