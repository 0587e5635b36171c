import type { NodeDetail } from '@holotype/server/api'
import { bytes, counted, milliseconds, shortDigest, whole } from '../lib/format.ts'
import { Ago } from '../ui/ago.tsx'
import { LongText } from '../ui/long-text.tsx'
import { Text } from '../ui/text.tsx'
import { OUTCOME, StatusWord } from '../ui/word.tsx'

type Run = NodeDetail['runs'][number]

/** What the agent did, newest first; the newest and each failed one lies open. */
export function RunList({ runs }: { readonly runs: readonly Run[] }) {
  return (
    <ul className="runs">
      {runs.map((run, index) => (
        <li key={run.run}>
          <details open={index === 0 || (run.outcome === 'failed' && index < 3)}>
            <summary data-row="">
              <StatusWord of={OUTCOME[run.outcome]} />
              <Ago time={run.started} />
              <span className="run-move">{move(run)}</span>
              <span className="run-sum">{sum(run)}</span>
            </summary>
            <RunBody run={run} />
          </details>
        </li>
      ))}
    </ul>
  )
}

function RunBody({ run }: { readonly run: Run }) {
  return (
    <div className="run-body">
      {run.error === undefined ? null : (
        <p className="run-error">
          <code>
            <Text>{run.error.code}</Text>
          </code>{' '}
          <Text>{run.error.what}</Text>. <Text className="muted">{run.error.hint}</Text>
        </p>
      )}
      <p className="muted">
        {counted(run.changed.written, 'path')} written, {whole(run.changed.removed)} removed,{' '}
        {whole(run.changed.metadata)} with other metadata · {bytes(run.bytesFetched)} fetched ·{' '}
        {milliseconds(run.milliseconds)} · statement {run.statement}
      </p>
      {run.repairedCount === 0 ? null : (
        <>
          <h3>{counted(run.repairedCount, 'path')} repaired: not as the image it was on had left them</h3>
          <ul className={run.repaired.length > 8 ? 'paths many' : 'paths'}>
            {run.repaired.map((path) => (
              <li key={path}>
                <code>
                  <Text>{path}</Text>
                </code>
                <span className="muted">
                  {' '}
                  <Text>{run.repairedOwners?.[path]?.replace(':', ' ') ?? ''}</Text>
                </span>
              </li>
            ))}
            {run.repairedCount > run.repaired.length ? (
              <li className="muted">and {run.repairedCount - run.repaired.length} more</li>
            ) : null}
          </ul>
        </>
      )}
      {run.overrides === undefined ? null : (
        <>
          <h3>Kept by local overrides, whatever the image has there</h3>
          <ul className="paths">
            {run.overrides.map(({ glob, reason }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two lines may keep the same
              <li key={`${glob} ${index}`}>
                <code>
                  <Text>{glob}</Text>
                </code>{' '}
                <Text className="muted">{reason}</Text>
              </li>
            ))}
          </ul>
        </>
      )}
      {run.triggers.length === 0 ? null : (
        <>
          <h3>Triggers</h3>
          <ul className="triggers">
            {run.triggers.map((trigger, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a trigger may run before and after, under one name
              <li key={`${trigger.name} ${index}`}>
                <StatusWord
                  of={
                    trigger.exit === 0
                      ? { ...OUTCOME.converged, word: 'Exit 0' }
                      : { ...OUTCOME.failed, word: `Exit ${trigger.exit}` }
                  }
                />{' '}
                <Text className="trigger-name">{trigger.name}</Text>{' '}
                <span className="muted">{milliseconds(trigger.milliseconds)}</span>
                {trigger.output === '' ? null : <LongText text={trigger.output} label={`Output of ${trigger.name}`} />}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

function move(run: Run): string {
  if (run.from === run.to) return `stayed on ${shortDigest(run.to)}`
  return `${run.from === null ? 'nothing' : shortDigest(run.from)} → ${shortDigest(run.to)}`
}

function sum(run: Run): string {
  const parts = [milliseconds(run.milliseconds)]
  if (run.repairedCount > 0) parts.push(`${run.repairedCount} repaired`)
  if (run.overrides !== undefined) parts.push(counted(run.overrides.length, 'override'))
  if (run.triggers.length > 0) parts.push(counted(run.triggers.length, 'trigger'))
  if (run.error !== undefined) parts.push(run.error.code)
  return parts.join(', ')
}
