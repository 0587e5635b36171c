import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FileDetails } from '../../types.ts'
import { detailsOf } from '../details.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { pluginFor, plugins } from './plugins.ts'

const directory = temporaryDirectory()
let made = 0

/** A new directory below the test's own, with files. */
function folder(files: Readonly<Record<string, string>>): string {
  const path = join(directory, String(made++))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true })
    writeFileSync(join(path, name), text)
    utimesSync(join(path, name), 1_700_000_000, 1_700_000_000)
  }
  return path
}

/** What a program makes of a folder, on standard output or in the file `out`. */
function by(argv: readonly [string, ...string[]], files: Readonly<Record<string, string>>, input?: string): Buffer {
  const cwd = folder(files)
  const [program, ...words] = argv
  const stdout = execFileSync(program, words, { cwd, input, stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 2 ** 26 })
  return existsSync(join(cwd, 'out')) ? readFileSync(join(cwd, 'out')) : stdout
}

function library(source: string, ...words: string[]): Buffer {
  return by(['gcc', '-shared', '-fPIC', '-Wl,-soname,libx.so.1', ...words, '-o', 'out', 'x.c'], { 'x.c': source })
}

function database(...statements: string[]): Buffer {
  const path = join(folder({ x: '' }), 'db')
  const connection = new DatabaseSync(path)
  for (const statement of statements) connection.exec(statement)
  connection.close()
  return readFileSync(path)
}

function certificate(name: string): Buffer {
  const words = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-days', '30', '-keyout', 'key']
  return by(['openssl', 'req', ...words, '-out', 'out'], { x: '' })
}

function zip(files: Readonly<Record<string, string>>): Buffer {
  return by(['python3', '-m', 'zipfile', '-c', 'out', ...Object.keys(files)], files)
}

function bytecode(source: string): Buffer {
  const program = "import py_compile; py_compile.compile('x.py', cfile='out')"
  return by(['python3', '-c', program], { 'x.py': source })
}

function cpio(files: Readonly<Record<string, string>>): Buffer {
  return by(['cpio', '-o', '-H', 'newc', '--quiet', '--reproducible'], files, Object.keys(files).join('\n'))
}

/** Each kind: two files of it that real tools made, what of their difference must be told, and why the pair is skipped. */
interface Sample {
  readonly path: string
  readonly tool: string
  make(): readonly [before: Buffer, after: Buffer]
  readonly told: Partial<FileDetails>
}

const has = (program: string) => existsSync(`/usr/bin/${program}`)
const [one, two] = [
  { a: 'one\n', b: 'same\n' },
  { a: 'two\n', b: 'same\n', c: 'new\n' },
]
const members: FileDetails['members'] = [
  expect.objectContaining({ path: 'a', change: 'changed', text: expect.stringContaining('-one\n+two\n') }),
  { path: 'c', change: 'added' },
]

const samples: Readonly<Record<string, Sample>> = {
  elf: {
    path: '/usr/lib/libx.so.1',
    tool: 'gcc',
    make: () => [
      library('int gone(void){return 1;} int stays(void){return 2;}', '-Wl,-z,relro,-z,now'),
      library(
        'int stays(void){return 2;} int come(void){return 3;}',
        '-Wl,-z,norelro',
        '-Wl,-soname,libx.so.2',
        '-nodefaultlibs',
        '-Wl,--no-as-needed',
        '-lm',
      ),
    ],
    told: {
      facts: expect.arrayContaining([
        { name: 'soname', before: 'libx.so.1', after: 'libx.so.2' },
        { name: 'libraries needed', added: ['libm.so.6'], removed: [] },
        { name: 'RELRO', before: 'full', after: 'none' },
        { name: 'symbols given', added: ['come'], removed: ['gone'] },
      ]),
    },
  },
  compressed: {
    path: '/x.zst',
    tool: 'env',
    make: () => [gzipSync('one\n'), zstdCompressSync('two\n')],
    told: {
      facts: [{ name: 'compression', before: 'gz', after: 'zst' }],
      members: [{ path: 'x', change: 'changed', text: '--- x\n+++ x\n@@ -1 +1 @@\n-one\n+two\n' }],
    },
  },
  ar: {
    path: '/usr/lib/libx.a',
    tool: 'ar',
    make: () => [by(['ar', 'rcD', 'out', 'a', 'b'], one), by(['ar', 'rcD', 'out', 'a', 'b', 'c'], two)],
    told: { members },
  },
  tar: {
    path: '/x.tar',
    tool: 'tar',
    make: () => [by(['tar', '-cf', 'out', 'a', 'b'], one), by(['tar', '-cf', 'out', 'a', 'b', 'c'], two)],
    told: { members },
  },
  cpio: { path: '/boot/initrd.img', tool: 'cpio', make: () => [cpio(one), cpio(two)], told: { members } },
  zip: { path: '/x.jar', tool: 'python3', make: () => [zip(one), zip(two)], told: { members } },
  sqlite: {
    path: '/var/lib/x.db',
    tool: 'env',
    make: () => [
      database('CREATE TABLE t (k, v)', "INSERT INTO t VALUES (1, 'x'), (2, 'y')"),
      database('CREATE TABLE t (k, v)', "INSERT INTO t VALUES (1, 'x'), (2, 'z')", 'CREATE INDEX i ON t (k)'),
    ],
    told: {
      facts: [
        { name: 'schema', added: ['CREATE INDEX i ON t (k)'], removed: [] },
        { name: 'rows of t', added: ['2 | z'], removed: ['2 | y'] },
      ],
    },
  },
  'python bytecode': {
    path: '/usr/lib/python3/x.pyc',
    tool: 'python3',
    make: () => [bytecode('def old(): return open'), bytecode('def young(): return open  # longer')],
    told: {
      facts: [
        { name: 'source', before: '22 bytes', after: '34 bytes' },
        { name: 'names', added: ['young'], removed: ['old'] },
      ],
    },
  },
  certificates: {
    path: '/etc/ssl/certs/x.pem',
    tool: 'openssl',
    make: () => [certificate('one'), certificate('two')],
    told: {
      facts: [
        {
          name: 'certificates',
          added: [expect.stringMatching(/^CN=two; self-signed; .* to .*; SHA-256 [0-9a-f]{64}$/)],
          removed: [expect.stringMatching(/^CN=one;/)],
        },
      ],
    },
  },
  'kernel configuration': {
    path: '/boot/config-6.1.0-1-amd64',
    tool: 'env',
    make: () => [
      Buffer.from('# CONFIG_A is not set\nCONFIG_B=m\nCONFIG_C="x"\n'),
      Buffer.from('CONFIG_C="x"\nCONFIG_A=y\n# a comment\n# CONFIG_B is not set\n'),
    ],
    told: { facts: [{ name: 'options', added: ['CONFIG_A=y', 'CONFIG_B=n'], removed: ['CONFIG_A=n', 'CONFIG_B=m'] }] },
  },
  'systemd unit': {
    path: '/usr/lib/systemd/system/x.service',
    tool: 'env',
    make: () => [
      Buffer.from('[Service]\nUser=x\nExecStart=/bin/x \\\n  -a\nProtectHome=yes\n'),
      Buffer.from('[Service]\nExecStart=/bin/x -a\n'),
    ],
    told: {
      facts: [
        { name: 'runs as', added: [], removed: ['User=x'] },
        { name: 'runs', added: ['ExecStart=/bin/x -a'], removed: ['ExecStart=/bin/x    -a'] },
        { name: 'is held back by', added: [], removed: ['ProtectHome=yes'] },
      ],
    },
  },
}

describe.each(plugins.map((plugin) => [plugin.name, plugin] as const))('the plug-in %s', (name, plugin) => {
  const sample = samples[name]
  if (!sample) throw new Error(`no sample of ${name}`)
  let pair: ReturnType<Sample['make']> | undefined
  const make = () => (pair ??= sample.make())
  const why = has(sample.tool) ? '' : `, skipped, because ${sample.tool} is not here`

  it.skipIf(why !== '')(`tells what differs${why}`, () => {
    const [before, after] = make()
    expect(pluginFor(sample.path, before)).toBe(plugin)
    expect(detailsOf({ path: sample.path, before, after })).toMatchObject({ format: name, ...sample.told })
  })

  it.skipIf(why !== '')(`tells nothing of what is the same${why}`, () => {
    const [before] = make()
    expect(detailsOf({ path: sample.path, before, after: before })).toEqual({ format: name, facts: [], members: [] })
  })

  it.skipIf(why !== '')(`reads damaged bytes, or says that it cannot${why}`, () => {
    const [before, after] = make()
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(after.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(after.length),
        fc.boolean(),
        (edits, length, cut) => {
          const damaged = Buffer.from(cut ? after.subarray(0, length) : after)
          for (const [at, byte] of edits) if (at < damaged.length) damaged[at] = byte
          const details = detailsOf({ path: sample.path, before, after: damaged })
          if (details?.unreadable) expect(details).toMatchObject({ facts: [], members: [] })
        },
      ),
      { numRuns: 60 },
    )
  })
})
