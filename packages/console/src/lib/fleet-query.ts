import type { NodeSummary } from '@holotype/server/api'
import { shortDigest } from './format.ts'

/**
 * The query bar of the fleet. Words are and-ed; `-` in front of a word negates it; quotes keep spaces.
 *
 * `site=fra1` a label · `label:site` has the label · `image:web`, `image:4f2a91` by name or digest · `image:none` · `channel:prod` ·
 * `state:converged|failed|new` · `findings:>0` · `flag:held` · `kernel:6.1` · anything else: text anywhere.
 */
export interface FleetQuery {
  readonly matches: (node: NodeSummary) => boolean
  /** What could not be read, in words; the terms are then taken as text. */
  readonly problems: readonly string[]
}

type Test = (node: NodeSummary) => boolean

const FIELDS = ['label', 'image', 'channel', 'state', 'findings', 'flag', 'kernel', 'name'] as const
const TERM = /(-?)(?:"([^"]*)"?|([^\s"]+(?:"[^"]*"?)?))/g

/** Splits and compiles a query. Never throws: what it cannot read becomes a problem in words. */
export function fleetQuery(text: string): FleetQuery {
  const tests: Test[] = []
  const problems: string[] = []
  for (const [, negated, quoted, bare] of text.matchAll(TERM)) {
    const term = quoted ?? bare?.replaceAll('"', '') ?? ''
    if (term === '') continue
    const compiled = quoted === undefined ? compile(term) : textTest(term)
    if (typeof compiled === 'string') {
      problems.push(compiled)
      tests.push(textTest(term))
    } else {
      tests.push(negated === '-' ? (node) => !compiled(node) : compiled)
    }
  }
  return { matches: (node) => tests.every((test) => test(node)), problems }
}

/** The state of a node in one word, as `state:` takes it. */
export function nodeState(node: Pick<NodeSummary, 'lastOutcome'>): 'converged' | 'failed' | 'new' {
  return node.lastOutcome ?? 'new'
}

function compile(term: string): Test | string {
  const colon = term.indexOf(':')
  const equals = term.indexOf('=')
  if (equals > 0 && (colon < 0 || equals < colon)) return labelTest(term)
  if (colon < 0) return textTest(term)
  const field = term.slice(0, colon)
  const value = term.slice(colon + 1)
  switch (field) {
    case 'label':
      return labelTest(value)
    case 'image':
      return imageTest(value)
    case 'channel':
      return (node) => node.channel === value
    case 'state':
      if (!['converged', 'failed', 'new'].includes(value)) return `state is converged, failed or new, not "${value}"`
      return (node) => nodeState(node) === value
    case 'findings':
      return countTest(value)
    case 'flag':
      return (node) => node.flags.some((flag) => flag.includes(value))
    case 'kernel':
      return (node) => node.kernel.includes(value)
    case 'name':
      return (node) => node.name.includes(value)
    default:
      return `no filter is named "${field}"; there are ${FIELDS.join(', ')}`
  }
}

function labelTest(value: string): Test {
  const equals = value.indexOf('=')
  if (equals < 0) return (node) => Object.hasOwn(node.labels, value)
  const key = value.slice(0, equals)
  const wanted = value.slice(equals + 1)
  return (node) => Object.hasOwn(node.labels, key) && node.labels[key] === wanted
}

function imageTest(value: string): Test {
  if (value === 'none') return (node) => node.image === null
  const wanted = value.toLowerCase().replace(/^sha256:/, '')
  return (node) =>
    node.image !== null &&
    (node.imageName?.toLowerCase() === wanted ||
      (wanted.length >= 4 && node.image.slice('sha256:'.length).startsWith(wanted)))
}

const COUNT = /^(>=|<=|>|<|=)?(\d{1,9})$/

function countTest(value: string): Test | string {
  const found = COUNT.exec(value)
  if (found === null) return `findings takes a number, as in findings:>0, not "${value}"`
  const limit = Number(found[2])
  switch (found[1]) {
    case '>':
      return (node) => node.findings > limit
    case '>=':
      return (node) => node.findings >= limit
    case '<':
      return (node) => node.findings < limit
    case '<=':
      return (node) => node.findings <= limit
    default:
      return (node) => node.findings === limit
  }
}

function textTest(text: string): Test {
  const wanted = text.toLowerCase()
  return (node) =>
    [
      node.name,
      node.node,
      node.channel,
      node.imageName ?? '',
      node.image === null ? '' : shortDigest(node.image),
      node.kernel,
      ...node.flags,
      ...Object.entries(node.labels).map(([key, value]) => `${key}=${value}`),
    ].some((field) => field.toLowerCase().includes(wanted))
}
