import { fail } from '../errors.ts'
import { RICH_CLAUSES } from '../limits.ts'
import type { Dependencies, Relation } from '../types.ts'
import type { Rich } from './rich.ts'

/**
 * A rich dependency as clauses that must all hold: conjunctive normal form, by distribution, order kept so that the first alternative is
 * still the preferred one. `negated` gives the clauses of its opposite, for Conflicts.
 * @throws RELATION_MALFORMED past RICH_CLAUSES clauses or relations in one of them
 */
export function clausesOf(tree: Rich, negated = false): Dependencies {
  switch (tree.kind) {
    case 'relation':
      return negated ? [[{ ...tree.relation, negated: true }]] : [[tree.relation]]
    case 'with':
    case 'without': {
      const packages = samePackage(tree, false)
      return negated ? packages.map((each) => [{ ...each, negated: true }]) : [packages]
    }
    case 'and':
    case 'or': {
      const parts = tree.operands.map((each) => clausesOf(each, negated))
      return (tree.kind === 'and') === negated ? parts.reduce(either) : both(parts)
    }
    case 'if':
    case 'unless':
      return conditional(tree, negated)
  }
}

/**
 * Clauses that hold when any of these lists does: how several Supplements stand beside each other.
 * @throws RELATION_MALFORMED
 */
export function anyOf(lists: readonly Dependencies[]): Dependencies {
  const [first, ...rest] = lists
  return first === undefined ? [] : rest.reduce(either, first)
}

/**
 * `a if b` is (a or not b), with `else c` also (b or c); `a unless b` is (a and not b), with `else c` (a or b) and (not b or c).
 * The opposite of a conditional negates what it leads to, not its condition.
 */
function conditional(tree: Extract<Rich, { kind: 'if' | 'unless' }>, negated: boolean): Dependencies {
  const condition = clausesOf(tree.condition)
  const not = clausesOf(tree.condition, true)
  const then = clausesOf(tree.consequence, negated)
  const otherwise = tree.otherwise && clausesOf(tree.otherwise, negated)
  const applies = tree.kind === 'if' ? not : condition
  const applyNot = tree.kind === 'if' ? condition : not
  if (otherwise) return both([either(then, applies), either(applyNot, otherwise)])
  // Without `else`, `if` is true and `unless` false where it does not apply.
  return (tree.kind === 'if') === negated ? both([then, applyNot]) : either(then, applies)
}

function both(parts: readonly Dependencies[]): Dependencies {
  return checked(parts.flat())
}

/** The clauses of (a or b): each of the one with each of the other. */
function either(a: Dependencies, b: Dependencies): Dependencies {
  if (a.length * b.length > RICH_CLAUSES) throw tooMany()
  return checked(a.flatMap((left) => b.map((right) => [...left, ...right])))
}

function checked(clauses: Dependencies): Dependencies {
  if (clauses.length > RICH_CLAUSES || clauses.some((clause) => clause.length > RICH_CLAUSES)) throw tooMany()
  return clauses
}

function tooMany(): Error {
  return fail('RELATION_MALFORMED', { what: `a rich dependency needs more clauses than RICH_CLAUSES, ${RICH_CLAUSES}` })
}

/** What one package must satisfy and must not. */
interface Literals {
  readonly wanted: readonly Relation[]
  readonly unwanted: readonly Relation[]
}

/** `with`, `without` and `or` over one package as alternatives, each a relation with what else the package must or must not satisfy. */
function samePackage(tree: Rich, negated: boolean): Relation[] {
  return literalsOf(tree, negated).map(({ wanted: [first, ...more], unwanted }) => {
    if (first === undefined) throw fail('RELATION_MALFORMED', { what: 'a rich dependency asks for no capability' })
    return {
      ...first,
      ...(more.length === 0 ? {} : { with: more }),
      ...(unwanted.length === 0 ? {} : { without: unwanted }),
    }
  })
}

function literalsOf(tree: Rich, negated: boolean): readonly Literals[] {
  if (tree.kind === 'relation')
    return negated ? [{ wanted: [], unwanted: [tree.relation] }] : [{ wanted: [tree.relation], unwanted: [] }]
  if (tree.kind !== 'or' && tree.kind !== 'with' && tree.kind !== 'without')
    throw fail('RELATION_MALFORMED', { what: `"${tree.kind}" may not stand in "with" or "without"` })
  const parts = tree.operands.map((each, index) => literalsOf(each, negated !== (tree.kind === 'without' && index > 0)))
  if ((tree.kind === 'or') !== negated) {
    const all = parts.flat()
    if (all.length > RICH_CLAUSES) throw tooMany()
    return all
  }
  return parts.reduce((a, b) => {
    if (a.length * b.length > RICH_CLAUSES) throw tooMany()
    return a.flatMap((left) =>
      b.map((right) => ({
        wanted: [...left.wanted, ...right.wanted],
        unwanted: [...left.unwanted, ...right.unwanted],
      })),
    )
  })
}
