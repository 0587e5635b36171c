import { type Digest, formatBytes, type Painter, type Place, renderPairs, shortDigest } from '@holotype/base'
import { explain, type Explanation, ownerText, readManifest, type Statement } from '@holotype/image'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { count } from '../../view/words.ts'
import { imageNames } from '../../work/images.ts'
import { resolveName } from '../../work/names.ts'

interface Explained {
  readonly image: Digest
  readonly explanation: Explanation
}

/** @throws NAME_UNKNOWN, NAME_AMBIGUOUS, OBJECT_MISSING, IMAGE_MALFORMED, LOCK_MALFORMED */
export async function run(context: Context, _flags: CommonFlags, text: string, what: string): Promise<Explained> {
  const distribution = await context.distribution()
  const store = await context.store()
  const image = resolveName(store, 'images', { text, names: imageNames(distribution) })
  const { name } = readManifest(store, image)
  const [spec, originOf] = [distribution.images.get(name), distribution.origins.get(name)]
  const declared = spec && originOf ? { spec, originOf } : undefined
  return { image, explanation: await explain({ store, image, what, declared }) }
}

export function show({ explanation }: Explained, { paint }: View): string {
  const pairs = pairsOf(explanation, paint)
  const statements = explanation.statements.map((statement) => statementText(statement, paint))
  return `${renderPairs(pairs, paint)}${statements.length > 0 ? `\n${statements.join('\n')}\n` : ''}`
}

type Pair = readonly [name: string, value: string]

function pairsOf(explanation: Explanation, paint: Painter): Pair[] {
  const absent = explanation.present ? '' : ' is not in the image'
  if (explanation.kind === 'path') {
    const { path, owner, facts } = explanation
    return [
      ['path', `${paint.bold(path)}${absent}`],
      ...(owner ? [['owner', ownerText(owner)] as const] : []),
      ...(facts
        ? [
            [
              'is',
              `${facts.type} ${modeText(facts.mode)} ${facts.uid}:${facts.gid} ${formatBytes(facts.size)}`,
            ] as const,
            ...(facts.target === undefined ? [] : [['target', facts.target] as const]),
            ...(facts.digest === undefined ? [] : [['digest', facts.digest] as const]),
          ]
        : []),
    ]
  }
  if (explanation.kind === 'unit') {
    const { name, state, path, owner } = explanation
    return [
      ['unit', `${paint.bold(name)}${absent}`],
      ...(state ? [['state', state] as const] : []),
      ...(path ? [['file', path] as const] : []),
      ...(owner ? [['owner', ownerText(owner)] as const] : []),
    ]
  }
  const { name, version = '', architecture, from, snapshot, size, digest, paths, bytes } = explanation
  return [
    ['package', `${paint.bold(name)}${absent}${version === '' ? '' : ` ${version}`}`],
    ...(architecture ? [['architecture', architecture] as const] : []),
    ...(from ? [['from', `${from}${snapshot ? `, snapshot ${shortDigest(snapshot)}` : ''}`] as const] : []),
    ...(paths === undefined
      ? []
      : [
          ['owns', `${count(paths, 'path')}${bytes === undefined ? '' : `; it brings ${formatBytes(bytes)}`}`] as const,
        ]),
    ...(size === undefined ? [] : [['package file', formatBytes(size)] as const]),
    ...(digest ? [['digest', digest] as const] : []),
  ]
}

function statementText({ text, place }: Statement, paint: Painter): string {
  return place ? `${text}  ${paint.dim(placeText(place))}` : text
}

function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}

function modeText(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`
}
