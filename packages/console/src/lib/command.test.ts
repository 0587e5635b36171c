import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { approveCommand, commandLine, commentCommand, reviewedCommand, shellWord } from './command.ts'

test('what a shell reads is what was meant, whatever the words are', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 12 })
  const sharp = fc.string({
    unit: fc.constantFrom("'", '"', '$', '`', '\\', ' ', '*', '~', '!', '#', ';', '&', '-', 'a'),
  })
  fc.assert(
    fc.property(fc.array(fc.oneof(word, sharp), { minLength: 1, maxLength: 20 }), (words) => {
      const line = commandLine(words)
      if (line === undefined) return
      expect(execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })).toBe(
        `${words.join('\n')}\n`,
      )
    }),
    { numRuns: 40 },
  )
})

test('what a terminal would act on is not offered', () => {
  expect(shellWord('a\u0003b')).toBeUndefined()
  expect(shellWord('\u001b[201~rm -rf /\n')).toBeUndefined()
  expect(reviewedCommand('sha256:1', ['package:curl', 'file:/a\u009bb'])).toBeUndefined()
})

test('the commands of a review', () => {
  expect(approveCommand('sha256:1', [])).toBe('holotype image approve sha256:1')
  expect(approveCommand('sha256:1', ['kernel-abi', 'a b'])).toBe(
    "holotype image approve sha256:1 --hazard kernel-abi --hazard 'a b'",
  )
  expect(commentCommand('sha256:1', 'file:/etc/$HOME')).toBe(
    "holotype image comment sha256:1 --item 'file:/etc/$HOME' 'TEXT'",
  )
})
