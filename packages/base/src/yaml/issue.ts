import type { z } from 'zod'
import { knownKeys } from './known-keys.ts'
import { nearest } from './nearest.ts'

/** What is wrong with a document, in words, with the path it is wrong at. */
export interface Complaint {
  readonly path: readonly PropertyKey[]
  readonly part: 'key' | 'value'
  readonly message: string
  readonly hint?: string
}

/**
 * The issue that tells most, in words. An unknown key comes first: it is most often a slip, and the cause of a "missing key" beside it.
 */
export function complaintOf(
  schema: z.ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
): Complaint | undefined {
  const found = issues.map((issue) => deepest(issue))
  const issue = found.find((one) => one.code === 'unrecognized_keys') ?? found[0]
  if (!issue) return undefined
  if (issue.code === 'unrecognized_keys') return unknownKey(schema, value, issue)
  if (issue.code === 'invalid_key') {
    return {
      path: issue.path,
      part: 'key',
      message: `bad key "${String(issue.path.at(-1))}": ${issue.issues[0]?.message ?? issue.message}`,
    }
  }
  if (issue.path.length > 0 && issue.input === undefined && issue.code === 'invalid_type') {
    const at = issue.path.slice(0, -1)
    return {
      path: issue.path,
      part: 'value',
      message: `missing key "${String(issue.path.at(-1))}"${at.length > 0 ? ` in ${dotted(at)}` : ''}`,
    }
  }
  const where = issue.path.length > 0 ? `${dotted(issue.path)}: ` : ''
  return { path: issue.path, part: 'value', message: `${where}${wordsOf(issue)}` }
}

function unknownKey(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssueUnrecognizedKeys): Complaint {
  const key = issue.keys[0] ?? ''
  const known = knownKeys(schema, issue.path, value)
  const near = nearest(key, known)
  return {
    path: [...issue.path, key],
    part: 'key',
    message: `unknown key "${key}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    ...(known.length === 0 ? {} : { hint: `known here: ${known.join(', ')}` }),
  }
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_value' || typeof issue.input !== 'string') return lowerFirst(issue.message)
  const near = nearest(
    issue.input,
    issue.values.filter((value) => typeof value === 'string'),
  )
  return `"${issue.input}" is not one of ${issue.values.map(String).join(', ')}${near === undefined ? '' : `; did you mean "${near}"?`}`
}

/**
 * What a union's failure says through its best branch: one whose literal members (`kind: git`) fit, then the one that came furthest. A union
 * of plain values, where no branch came anywhere, speaks for itself.
 */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const branches = issue.errors.map((branch) => branch.map(deepest))
  const meant = branches.filter((branch) => !branch.some(isOtherLiteral))
  const best = (meant.length > 0 ? meant : branches).map(tellsMost).sort((a, b) => depthOf(b) - depthOf(a))[0]
  if (!best || depthOf(best) === 0) return issue
  return { ...best, path: [...issue.path, ...best.path] }
}

function tellsMost(branch: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  return branch.find((one) => one.code === 'unrecognized_keys') ?? branch.toSorted((a, b) => depthOf(b) - depthOf(a))[0]
}

function isOtherLiteral(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_value' && issue.path.length === 1 && issue.values.length === 1
}

function depthOf(issue: z.core.$ZodIssue | undefined): number {
  if (!issue) return 0
  return issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.')
}

/** zod's "Invalid input: …" stands after a colon here. */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.slice(0, 1).toLowerCase() + text.slice(1) : text
}
