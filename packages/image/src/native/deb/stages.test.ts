import { openStore } from '@holotype/store'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unpackedOf } from '../../testing/synthetic.ts'
import { temporaryDirectory } from '../../testing/temporary.ts'
import { stages } from './stages.ts'

const store = openStore(temporaryDirectory())

interface Made {
  readonly name: string
  readonly depends?: string
  readonly provides?: string
  readonly essential?: true
  readonly version?: string
}

const packageOf = ({ name, depends, provides, essential, version = '1' }: Made) =>
  unpackedOf(store, {
    name,
    version,
    fields: [
      ...(depends ? [['Depends', depends] as const] : []),
      ...(provides ? [['Provides', provides] as const] : []),
      ...(essential ? [['Essential', 'yes'] as const] : []),
    ],
    control: { postinst: '#!/bin/sh\n' },
  })

const names = (made: readonly Made[], asked: readonly string[]) =>
  stages(made.map(packageOf), asked).map((stage) => stage.map(({ name }) => name))

const SYSTEM: readonly Made[] = [
  { name: 'dash', essential: true, depends: 'libc6' },
  { name: 'libc6' },
  { name: 'mail', provides: 'mta', depends: 'libmail' },
  { name: 'libmail', depends: 'mail-data' },
  { name: 'mail-data', depends: 'libmail' },
  { name: 'web', depends: 'web-common, nothing | mta' },
  { name: 'web-common' },
  { name: 'own' },
]

describe('the stages of an image', () => {
  test('begin with what is essential, and follow the spec', () => {
    expect(names(SYSTEM, ['mail', 'web', 'own'])).toEqual([
      ['dash', 'libc6'],
      ['mail', 'libmail', 'mail-data'],
      ['web', 'web-common', 'own'],
    ])
  })

  test('take what one depends on along, also by what it provides', () => {
    expect(names(SYSTEM, ['web'])[1]).toEqual(['mail', 'libmail', 'mail-data', 'web', 'web-common'])
  })

  test('are the same with other versions', () => {
    const newer = SYSTEM.map((made) => ({ ...made, version: '2' }))
    expect(names(newer, ['mail', 'web', 'own'])).toEqual(names(SYSTEM, ['mail', 'web', 'own']))
  })

  test('hold every package once, each with or after what it depends on', () => {
    const index = fc.nat(19)
    fc.assert(
      fc.property(
        fc.array(fc.record({ needs: fc.array(index, { maxLength: 3 }), essential: fc.boolean() }), { maxLength: 20 }),
        fc.array(index),
        (graph, asked) => {
          const made = graph.map(({ needs, essential }, i): Made => {
            const depends = needs.filter((need) => need < graph.length).map((need) => `p${need}`)
            return { name: `p${i}`, depends: depends.join(', '), ...(essential && i < 3 ? { essential: true } : {}) }
          })
          const cut = names(
            made,
            asked.map((i) => `p${i}`),
          )
          expect(cut.flat().sort()).toEqual(made.map(({ name }) => name).sort())
          const stageOf = new Map(cut.flatMap((stage, i) => stage.map((name) => [name, i] as const)))
          for (const { name, depends = '' } of made)
            for (const need of depends.split(', ').filter((one) => one !== ''))
              expect(stageOf.get(need)).toBeLessThanOrEqual(stageOf.get(name) ?? -1)
        },
      ),
    )
  })
})
