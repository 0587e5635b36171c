import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dependencyOrder } from './dependency-order.ts'

const packageOf = (name: string, needs: readonly string[], gives: readonly string[] = []) => ({
  item: name,
  needs,
  gives: [name, ...gives],
})

test('what a package needs comes before it, in a circle the one met first comes last', () => {
  const ordered = dependencyOrder([
    packageOf('a', ['virtual']),
    packageOf('b', ['c']),
    packageOf('c', ['b', 'nobody has this']),
    packageOf('d', [], ['virtual']),
  ])
  expect(ordered).toEqual(['d', 'a', 'c', 'b'])
})

test('of any graph without circles, and each package once', () => {
  const graphs = fc.array(fc.array(fc.nat(30), { maxLength: 5 }), { maxLength: 31 })
  fc.assert(
    fc.property(graphs, (edges) => {
      const names = edges.map((_, i) => String(i))
      // Only to higher numbers: no circle.
      const packages = edges.map((to, i) => packageOf(String(i), to.filter((other) => other > i).map(String)))
      const ordered = dependencyOrder(packages)
      expect(ordered.toSorted()).toEqual(names.toSorted())
      for (const { item, needs } of packages)
        for (const need of needs)
          if (names.includes(need)) expect(ordered.indexOf(need)).toBeLessThan(ordered.indexOf(item))
    }),
  )
})

test('a chain may be as long as a lock', () => {
  const chain = Array.from({ length: 50_000 }, (_, i) => packageOf(String(i), [String(i + 1)]))
  expect(dependencyOrder(chain)[0]).toBe('49999')
})
