import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Topic } from '../api.ts'
import { makeChanges } from './changes.ts'
import { sharedView } from './shared-view.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => vi.useRealTimers())

describe('changes', () => {
  it('tell all topics since the last tick, at most once per interval', () => {
    const changes = makeChanges(500)
    const heard: (readonly Topic[])[] = []
    changes.listen((topics) => heard.push(topics))
    changes.announce('nodes')
    vi.advanceTimersByTime(1)
    expect(heard).toEqual([['nodes']])
    for (let time = 0; time < 100; time++) {
      changes.announce('rollouts', 'nodes')
      vi.advanceTimersByTime(10)
    }
    expect(heard).toEqual([['nodes'], ['nodes', 'rollouts'], ['nodes', 'rollouts']])
  })

  it('keep no timer for listeners that left', () => {
    const changes = makeChanges(500)
    const end = changes.listen(() => {
      throw new Error('nobody listens')
    })
    changes.announce('nodes')
    end()
    expect(vi.getTimerCount()).toBe(0)
    changes.announce('nodes')
    expect(vi.getTimerCount()).toBe(0)
    expect(changes.listeners()).toBe(0)
  })
})

describe('a shared view', () => {
  it('is computed once for all, anew after a change, after a while, and after a failure', async () => {
    const changes = makeChanges()
    let computed = 0
    const view = sharedView(changes, async () => {
      computed++
      if (computed === 4) throw new Error('broken')
      return computed
    })
    expect(await Promise.all([view(), view(), view()])).toEqual([1, 1, 1])
    changes.announce('nodes')
    expect(await view()).toBe(2)
    vi.advanceTimersByTime(1000)
    expect(await view()).toBe(3)
    changes.announce('nodes')
    await expect(view()).rejects.toThrow('broken')
    expect(await view()).toBe(5)
  })
})
