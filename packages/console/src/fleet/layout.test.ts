import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fixtureWorld } from '../testing/fixture-data.ts'
import { layOut, nodeAt } from './layout.ts'

const { nodes } = fixtureWorld('large', 0)

test('the middle of every cell is its own node, grouped or not', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 700 }),
      fc.integer({ min: 5, max: 1500 }),
      fc.constantFrom(undefined, 'site', 'rack', 'none'),
      (count, width, group) => {
        const layout = layOut(nodes.slice(0, count), width, group)
        let seen = 0
        for (const each of layout.groups) {
          for (const [index, node] of each.nodes.entries()) {
            const x = ((index % layout.columns) + 0.5) * layout.step
            const y = each.top + (Math.floor(index / layout.columns) + 0.5) * layout.step
            if (nodeAt(layout, x, y) !== node || y > layout.height) return false
            seen += 1
          }
        }
        return seen === count
      },
    ),
    { numRuns: 40 },
  )
})

test('beside the cells there is no node', () => {
  const layout = layOut(nodes.slice(0, 10), 400, undefined)
  expect(nodeAt(layout, 399_999, 1)).toBeUndefined()
  expect(nodeAt(layout, 1, 399_999)).toBeUndefined()
  expect(nodeAt(layout, -1, 1)).toBeUndefined()
})

test('nodes without the label stand last', () => {
  const [first, second] = nodes
  if (first === undefined || second === undefined) throw new Error('the fixture has no nodes')
  const layout = layOut(
    [
      { ...first, labels: {} },
      { ...second, labels: { site: 'zrh1' } },
    ],
    400,
    'site',
  )
  expect(layout.groups.map((group) => group.name)).toEqual(['zrh1', 'no site'])
})
