import { fail } from '../errors.ts'
import { RICH_DEPTH } from '../limits.ts'
import type { Relation } from '../types.ts'
import { senseOf } from './version.ts'

/** A rich dependency as a tree (rpm's manual, "Boolean Dependencies"). */
export type Rich =
  | { readonly kind: 'relation'; readonly relation: Relation }
  | { readonly kind: 'and' | 'or' | 'with' | 'without'; readonly operands: readonly Rich[] }
  | {
      readonly kind: 'if' | 'unless'
      readonly consequence: Rich
      readonly condition: Rich
      readonly otherwise?: Rich
    }

const KEYWORDS: ReadonlySet<string> = new Set(['and', 'or', 'if', 'unless', 'else', 'with', 'without'])

/**
 * Parses `(a and (b >= 2 or c))`. `and`, `or` and `with` chain; the others take two operands, `if` and `unless` a third after `else`.
 * @throws RELATION_MALFORMED, also for a tree deeper than RICH_DEPTH
 */
export function parseRich(text: string): Rich {
  const tokens = tokenize(text)
  let at = 0

  const wrong = (expected: string) =>
    fail('RELATION_MALFORMED', {
      what: `"${text.slice(0, 200)}": expected ${expected}, found ${tokens[at] === undefined ? 'its end' : `"${tokens[at]}"`}`,
    })

  function operand(depth: number): Rich {
    if (depth > RICH_DEPTH)
      throw fail('RELATION_MALFORMED', {
        what: `"${text.slice(0, 200)}" is nested deeper than RICH_DEPTH, ${RICH_DEPTH}`,
      })
    return tokens[at] === '(' ? group(depth) : relation()
  }

  function relation(): Rich {
    const name = tokens[at]
    if (name === undefined || name === ')' || KEYWORDS.has(name) || isOperator(name)) throw wrong('a capability')
    at++
    const operator = tokens[at]
    if (operator === undefined || !isOperator(operator)) return { kind: 'relation', relation: { name } }
    senseOf(operator)
    at++
    const version = tokens[at]
    if (version === undefined || version === ')' || version === '(') throw wrong('a version')
    at++
    return { kind: 'relation', relation: { name, operator, version } }
  }

  function group(depth: number): Rich {
    at++
    const first = operand(depth + 1)
    const keyword = tokens[at]
    const node = keyword === ')' ? first : combined(first, keyword, depth)
    if (tokens[at] !== ')') throw wrong('")"')
    at++
    return node
  }

  function combined(first: Rich, keyword: string | undefined, depth: number): Rich {
    switch (keyword) {
      case 'and':
      case 'or':
      case 'with': {
        const operands = [first]
        for (; tokens[at] === keyword; operands.push(operand(depth + 1))) at++
        if (keyword === 'with') for (const each of operands) checkSamePackage(each, text)
        return { kind: keyword, operands }
      }
      case 'without': {
        at++
        const operands = [first, operand(depth + 1)]
        for (const each of operands) checkSamePackage(each, text)
        return { kind: keyword, operands }
      }
      case 'if':
      case 'unless': {
        at++
        const condition = operand(depth + 1)
        if (tokens[at] !== 'else') return { kind: keyword, consequence: first, condition }
        at++
        return { kind: keyword, consequence: first, condition, otherwise: operand(depth + 1) }
      }
      default:
        throw wrong('"and", "or", "if", "unless", "with", "without" or ")"')
    }
  }

  if (tokens[0] !== '(') throw wrong('"("')
  const tree = group(0)
  if (at < tokens.length) throw wrong('its end')
  return tree
}

/** What `with` and `without` combine is judged on one package, so that only `or` and they themselves may stand below. */
function checkSamePackage(node: Rich, text: string): void {
  if (node.kind === 'and' || 'condition' in node)
    throw fail('RELATION_MALFORMED', {
      what: `"${text.slice(0, 200)}": "${node.kind}" may not stand in "with" or "without"`,
    })
  if ('operands' in node) for (const each of node.operands) checkSamePackage(each, text)
}

export function isOperator(text: string): boolean {
  const code = text.charCodeAt(0)
  return code === 60 || code === 61 || code === 62
}

/** Words, parentheses that stand for themselves and operators; a name's own parentheses (`config(a)`, `perl(B)`) belong to it. */
function tokenize(text: string): string[] {
  const tokens: string[] = []
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at)
    if (isSpace(character)) at++
    else if (character === '(' || character === ')') {
      tokens.push(character)
      at++
    } else {
      const end = wordEnd(text, at)
      tokens.push(text.slice(at, end))
      at = end
    }
  }
  return tokens
}

/** Where the word that starts at `at` ends: at a blank, or at a parenthesis that it did not open. */
export function wordEnd(text: string, at: number): number {
  let depth = 0
  let end = at
  for (; end < text.length; end++) {
    const character = text.charAt(end)
    if (isSpace(character)) break
    if (character === '(') depth++
    else if (character === ')' && depth-- === 0) break
  }
  return end
}

export function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r'
}
