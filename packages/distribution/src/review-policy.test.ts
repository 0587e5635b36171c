import { expect, test } from 'vitest'
import { judgeReview, type ReviewPolicy, reviewPolicyDigest, type Verdict } from './review-policy.ts'

const policy: ReviewPolicy = {
  approvals: 2,
  roles: { security: 1 },
  selfApproval: false,
  people: { anna: ['security'], bo: [], cy: [], smoke: [] },
  scripts: ['smoke'],
}
const given = (actor: string, more: Partial<Verdict> = {}): Verdict => ({
  actor,
  verdict: 'approved',
  time: '2026-01-01T00:00:00Z',
  policy: reviewPolicyDigest(policy),
  hazards: [],
  proven: true,
  ...more,
})
const judge = (
  verdicts: readonly Verdict[],
  more: { policy?: ReviewPolicy; authors?: string[]; hazards?: string[] } = {},
) => judgeReview({ policy, verdicts, authors: ['zoe'], hazards: [], ...more })

test('numbers and roles', () => {
  expect(judge([]).words).toBe('needs 2 approvals, 1 from security')
  expect(judge([given('bo')]).words).toBe('needs 1 more approval, 1 from security (bo approved)')
  expect(judge([given('bo'), given('cy')]).words).toBe('needs 1 from security (bo, cy approved)')
  expect(judge([given('bo'), given('anna')])).toEqual({
    state: 'approved',
    words: '2 approvals: bo, anna',
    missing: [],
  })
  expect(judge([given('anna'), given('anna')]).state).toBe('open')
})

test('a role is proven by the person’s own token, and nobody has one by a name of JavaScript’s', () => {
  expect(judge([given('bo'), given('anna', { proven: false })]).missing).toEqual(['1 from security'])
  expect(judge([given('bo'), given('constructor')]).missing).toEqual(['1 from security'])
})

test('authors do not approve alone', () => {
  const authors = ['anna', 'bo']
  expect(judge([given('anna'), given('bo')], { authors }).words).toBe(
    'needs 1 from somebody other than its authors, with a token of their own (anna, bo approved)',
  )
  expect(judge([given('anna'), given('bo'), given('cy')], { authors }).state).toBe('approved')
  expect(judge([given('anna'), given('smoke')], { authors: ['anna'] }).missing).toHaveLength(1)
  expect(judge([given('anna'), given('cy', { proven: false })], { authors: ['anna'] }).missing).toHaveLength(1)
  const unknown = { authors: ['bo', 'a@example.org'] }
  expect(judge([given('bo'), given('anna')], unknown).missing).toEqual([
    'access/people.yaml to say whose address a@example.org is',
  ])
  const alone = { ...policy, approvals: 1, roles: {}, selfApproval: true }
  expect(judge([given('bo', { policy: reviewPolicyDigest(alone) })], { policy: alone, authors }).state).toBe('approved')
})

test('a policy of none lets a change without hazards through', () => {
  const none = { ...policy, approvals: 0, roles: {} }
  expect(judge([], { policy: none })).toEqual({ state: 'approved', words: 'needs no approval', missing: [] })
  expect(judge([], { policy: none, hazards: ['libc-collation'] }).words).toBe(
    'needs somebody to name the hazard libc-collation',
  )
})

test('a hazard blocks until an approval names it', () => {
  const hazards = ['libc-collation', 'openssl-major']
  const named = given('anna', { hazards: ['libc-collation'] })
  expect(judge([given('bo'), named], { hazards }).missing).toEqual(['somebody to name the hazard openssl-major'])
  expect(judge([given('bo', { hazards: ['openssl-major'] }), named], { hazards }).state).toBe('approved')
})

test('an approval dies with its policy, a rejection does not', () => {
  const other = { ...policy, people: { ...policy.people, dan: ['security'] } }
  expect(judge([given('bo'), given('anna')], { policy: other }).words).toBe(
    'needs 2 approvals, 1 from security (2 given under another policy)',
  )
  const rejection = given('bo', { verdict: 'rejected' })
  expect(judge([rejection, given('anna')], { policy: other })).toMatchObject({
    state: 'rejected',
    words: 'rejected by bo',
  })
  expect(judge([rejection, given('bo', { time: '2026-01-02T00:00:00Z' }), given('anna')]).state).toBe('approved')
})
