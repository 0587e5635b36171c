import type { Approval } from '@holotype/server/api'
import { describe, expect, test } from 'vitest'
import { lastVerdicts } from './approvals.ts'

const given = (actor: string, verdict: Approval['verdict'], minute: number): Approval => ({
  diff: `sha256:${'0'.repeat(64)}`,
  actor,
  verdict,
  comment: '',
  time: `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`,
})

describe('lastVerdicts', () => {
  test('counts people, not verdicts', () => {
    expect(lastVerdicts([])).toEqual({ approved: 0 })
    expect(lastVerdicts([given('ada', 'approved', 1), given('ada', 'approved', 2)])).toEqual({ approved: 1 })
    expect(lastVerdicts([given('ada', 'approved', 1), given('bob', 'approved', 1)])).toEqual({ approved: 2 })
  })

  test('takes the last of each, in whatever order they come', () => {
    const [no, yes] = [given('bob', 'rejected', 1), given('bob', 'approved', 2)]
    expect(lastVerdicts([yes, no])).toEqual({ approved: 1 })
    expect(lastVerdicts([given('bob', 'approved', 1), given('bob', 'rejected', 2)])).toMatchObject({
      approved: 0,
      rejected: { actor: 'bob' },
    })
  })

  test('of two at the same time takes the later in the list', () => {
    const [yes, no] = [given('bob', 'approved', 1), given('bob', 'rejected', 1)]
    expect(lastVerdicts([yes, no])).toMatchObject({ approved: 0, rejected: no })
    expect(lastVerdicts([no, yes])).toEqual({ approved: 1 })
  })

  test('shows a rejection whatever others approved', () => {
    const verdicts = [given('ada', 'approved', 1), given('bob', 'rejected', 2), given('eve', 'approved', 3)]
    expect(lastVerdicts(verdicts)).toMatchObject({ approved: 2, rejected: { actor: 'bob' } })
  })
})
