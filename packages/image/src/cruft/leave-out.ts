import { editYaml, type YamlChange, type YamlSource } from '@holotype/base'
import { unifiedDiff } from '../diff/unified.ts'
import type { CruftItem } from './types.ts'

/** A file of a spec after a change. */
export interface ChangedSpec {
  readonly text: string
  /** A unified diff; '' where nothing changes. */
  readonly diff: string
}

/**
 * The file of an image's spec, `images/NAME.yaml`, with what leaves these items out. What is there stays as it is, comments and order with it.
 * @throws YAML_SYNTAX, YAML_SCHEMA (the file has a form that cannot be changed so)
 */
export function leaveOut(source: YamlSource, items: readonly CruftItem[]): ChangedSpec {
  const changes = new Map<string, YamlChange>()
  for (const { change } of items) {
    if (!change) continue
    const path = change.key.split('.')
    if ('set' in change) changes.set(change.key, { path, set: change.set })
    else {
      const before = changes.get(change.key)
      const add = [...(before && 'add' in before ? before.add : []), ...change.add]
      changes.set(change.key, { path, add })
    }
  }
  const text = editYaml(source, [...changes.values()])
  return { text, diff: unifiedDiff(source.text, text, { before: source.file, after: source.file }) }
}
