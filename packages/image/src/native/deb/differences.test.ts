import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DELIBERATE_DIFFERENCES, type DeliberateDifference, LEFT_OUT } from './differences.ts'

const DOCUMENT = new URL('../../../../../docs/design/image-and-native-tools.md', import.meta.url)

function row({ paths, what, why }: DeliberateDifference): string {
  return `| ${paths.map((path) => `\`${path}\``).join(', ')} | ${what} | ${why} |`
}

test('the document lists every deliberate difference, and no other', () => {
  const section = /^## dpkg and apt\n(.*?)(?=^## |(?![\s\S]))/ms.exec(readFileSync(DOCUMENT, 'utf8'))?.[1] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  expect(rows).toEqual([...DELIBERATE_DIFFERENCES, ...LEFT_OUT].map(row))
})
