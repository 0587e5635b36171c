import { canonicalJson, type Digest, digestOf } from '@holotype/base'
import type { Distribution } from './distribution.ts'

/** What the distribution demands of a review: numbers of `policy`, people of `access/people.yaml`. Plain data. */
export interface ReviewPolicy {
  /** How many people must approve. */
  readonly approvals: number
  /** How many of them must have each role. */
  readonly roles: Readonly<Record<string, number>>
  /** Whether the people who made a change may be the only ones who approve it. */
  readonly selfApproval: boolean
  /** The roles of each person or script. */
  readonly people: Readonly<Record<string, readonly string[]>>
  /** Those of them that are scripts. */
  readonly scripts: readonly string[]
}

/** One word of one person on one diff. */
export interface Verdict {
  readonly actor: string
  readonly verdict: 'approved' | 'rejected'
  /** ISO 8601. */
  readonly time: string
  /** The digest of the policy it was given under. */
  readonly policy: string
  /** The hazards that it names. */
  readonly hazards: readonly string[]
  /** Given with the actor's own token: a role counts only then, and so does being somebody else than the authors. */
  readonly proven: boolean
}

export interface ReviewQuestion {
  readonly policy: ReviewPolicy
  /** Of two verdicts of one person at the same time the later in the list counts. */
  readonly verdicts: readonly Verdict[]
  /** Who made what is reviewed: persons, and git addresses of whom `access/people.yaml` knows nothing. */
  readonly authors: readonly string[]
  /** The hazards of the diff. */
  readonly hazards: readonly string[]
}

/** Where a review stands. */
export interface ReviewState {
  readonly state: 'open' | 'approved' | 'rejected'
  /** `needs 1 more approval, 1 from security`; `2 approvals: anna, bo`. */
  readonly words: string
  /** What is missing, each a phrase that follows "needs". Empty unless open. */
  readonly missing: readonly string[]
}

/** A distribution's policy of reviews. */
export function reviewPolicyOf({ file, people }: Pick<Distribution, 'file' | 'people'>): ReviewPolicy {
  const { approvals, roles, self_approval } = file.policy
  return {
    approvals,
    roles,
    selfApproval: self_approval,
    people: Object.fromEntries([...people].map(([name, person]) => [name, person.roles.toSorted()])),
    scripts: [...people].flatMap(([name, { script }]) => (script ? [name] : [])).sort(),
  }
}

/** What an approval is bound to besides the diff: it dies when this changes. */
export function reviewPolicyDigest(policy: ReviewPolicy): Digest {
  return digestOf(canonicalJson(policy))
}

/**
 * Judges a review. Of each person the last word counts; an approval that was given under another policy counts for nothing, a rejection always
 * stands until its author takes it back. Pure.
 */
export function judgeReview({ policy, verdicts, authors, hazards }: ReviewQuestion): ReviewState {
  const digest = reviewPolicyDigest(policy)
  const inOrder = verdicts.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time))
  const last = [...new Map(inOrder.map((verdict) => [verdict.actor, verdict])).values()]
  const rejecting = last.filter(({ verdict }) => verdict === 'rejected').map(({ actor }) => actor)
  if (rejecting.length > 0) return { state: 'rejected', words: `rejected by ${rejecting.join(', ')}`, missing: [] }
  const approvals = last.filter((verdict) => verdict.policy === digest)
  const missing = [
    ...missingApprovals(policy, approvals),
    ...missingRoles(policy, approvals),
    ...missingOthers(policy, approvals, authors),
    ...hazards
      .filter((hazard) => !approvals.some((approval) => approval.hazards.includes(hazard)))
      .map((hazard) => `somebody to name the hazard ${hazard}`),
  ]
  const who = approvals.map(({ actor }) => actor).join(', ')
  const dead = last.length - approvals.length
  if (missing.length > 0) {
    const notes = [
      ...(who === '' ? [] : [`${who} approved`]),
      ...(dead === 0 ? [] : [`${dead} given under another policy`]),
    ]
    const words = `needs ${missing.join(', ')}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`
    return { state: 'open', words, missing }
  }
  if (approvals.length === 0) return { state: 'approved', words: 'needs no approval', missing }
  return {
    state: 'approved',
    words: `${approvals.length} ${approvals.length === 1 ? 'approval' : 'approvals'}: ${who}`,
    missing,
  }
}

function missingApprovals(policy: ReviewPolicy, approvals: readonly Verdict[]): string[] {
  const missing = policy.approvals - approvals.length
  if (missing <= 0) return []
  return [`${missing} ${approvals.length === 0 ? '' : 'more '}${missing === 1 ? 'approval' : 'approvals'}`]
}

function missingRoles(policy: ReviewPolicy, approvals: readonly Verdict[]): string[] {
  return Object.entries(policy.roles).flatMap(([role, count]) => {
    const having = approvals.filter(({ actor, proven }) => proven && hasRole(policy, actor, role)).length
    return having >= count ? [] : [`${count - having} from ${role}`]
  })
}

function hasRole({ people }: ReviewPolicy, actor: string, role: string): boolean {
  return Object.hasOwn(people, actor) && (people[actor] ?? []).includes(role)
}

/**
 * Four eyes: where anybody's approval is needed, a person other than the authors must be among those who approve. Who has only the operator's token may be
 * anybody, a script has no eyes, and an address that is nobody's may be the approver's own.
 */
function missingOthers(policy: ReviewPolicy, approvals: readonly Verdict[], authors: readonly string[]): string[] {
  if (policy.selfApproval || authors.length === 0 || approvals.length === 0) return []
  if (approvals.length < policy.approvals) return []
  const unknown = authors.filter((author) => author.includes('@') && !Object.hasOwn(policy.people, author))
  const isOther = ({ actor, proven }: Verdict) => proven && !authors.includes(actor) && !policy.scripts.includes(actor)
  return [
    ...unknown.map((address) => `access/people.yaml to say whose address ${address} is`),
    ...(approvals.some(isOther)
      ? []
      : [`1 from somebody other than its ${authors.length === 1 ? 'author' : 'authors'}, with a token of their own`]),
  ]
}
