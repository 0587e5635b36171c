import { describe, expect, test } from 'vitest'
import { cleanText, defineErrors, EXIT_CODES, errnoOf, HolotypeError, isErrorCode } from './errors.ts'

const fail = defineErrors({
  THING_BROKEN: { kind: 'corrupt', when: 'a thing is broken', hint: 'mend it' },
})

describe('errors', () => {
  test('carry code, kind, hint, exit code and data', () => {
    const error = fail('THING_BROKEN', { what: 'it broke', data: { at: 3 } })
    expect(error).toBeInstanceOf(HolotypeError)
    expect(error.exitCode).toBe(EXIT_CODES.corrupt)
    expect(isErrorCode(error, 'THING_BROKEN')).toBe(true)
    expect(isErrorCode(error, 'OTHER')).toBe(false)
    expect(error.toJSON()).toEqual({ code: 'THING_BROKEN', what: 'it broke', hint: 'mend it', exitCode: 9, at: 3 })
  })

  test('keep the cause, and prefer the hint that is given', () => {
    const cause = new Error('deep')
    const error = fail('THING_BROKEN', { what: 'it broke', cause, hint: 'look there' })
    expect(error.cause).toBe(cause)
    expect(error.hint).toBe('look there')
  })

  test('facts never replace what the error says of itself', () => {
    const error = fail('THING_BROKEN', { what: 'it broke', data: { code: 'FORGED', exitCode: 0 } })
    expect(error.toJSON()).toMatchObject({ code: 'THING_BROKEN', exitCode: 9 })
  })

  test('exit codes are distinct, and only success is 0', () => {
    const codes = Object.values(EXIT_CODES)
    expect(new Set(codes).size).toBe(codes.length)
    expect(Object.entries(EXIT_CODES).filter(([, code]) => code === 0)).toEqual([['ok', 0]])
  })
})

describe('cleanText', () => {
  test.each([
    ['\u001b[31mred\u0007', '\ufffd[31mred\ufffd'],
    ['token=abc123 rest', 'token=… rest'],
    ['{"password": "geheim"}', '{"password": "…"}'],
    ['http://user:pass@host/x', 'http://user:…@host/x'],
    ['http://127.0.0.1:8440/x no', 'http://127.0.0.1:8440/x no'],
    ['authorization: Bearer abc.def', 'authorization: Bearer …'],
    ['a\tb\nc', 'a\tb\nc'],
    ['the tokens: none', 'the tokens: none'],
  ])('%j', (text, clean) => expect(cleanText(text)).toBe(clean))
})

test('errnoOf', () => {
  expect(errnoOf(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT')
  expect(errnoOf({ code: 3 })).toBeUndefined()
  expect(errnoOf(null)).toBeUndefined()
  const asRemovingTells = Object.assign(new Error(", Unknown error: Read-only file system '/state/lock'"), { code: '' })
  expect(errnoOf(asRemovingTells)).toBe('EROFS')
})
