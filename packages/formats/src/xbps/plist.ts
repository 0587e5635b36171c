import { type Complain, plistScanner, type PlistScanner, type PlistToken } from './plist-scanner.ts'

/** A value of a property list. Integers are those of 64 bits; where a number cannot hold one exactly it is a bigint. */
export type PlistValue = string | number | bigint | boolean | Buffer | readonly PlistValue[] | PlistDictionary

export type PlistDictionary = ReadonlyMap<string, PlistValue>

/**
 * Reads a property list whose outermost value is a dict, as all of xbps' are. Of a key that comes twice the last value stays, as in proplib.
 * @throws what `complain` makes
 */
export function parsePlist(bytes: Buffer, complain: Complain): PlistDictionary {
  const scanner = plistScanner(bytes, complain)
  if (scanner.next() !== 'dict') throw scanner.complain('expected <dict>')
  const value = readDict(scanner)
  scanner.next()
  return value
}

/** The value whose token was met last. */
export function readValue(scanner: PlistScanner, token: PlistToken): PlistValue {
  switch (token) {
    case 'dict':
      return readDict(scanner)
    case 'array': {
      const values: PlistValue[] = []
      for (let token = scanner.next(); token !== 'end'; token = scanner.next()) values.push(readValue(scanner, token))
      return values
    }
    case 'string':
      return scanner.text()
    case 'integer':
      return integerOf(scanner)
    case 'data':
      return dataOf(scanner)
    case 'true':
      return true
    case 'false':
      return false
    case 'key':
    case 'end':
    case 'eof':
      throw scanner.complain('expected a value')
  }
}

function readDict(scanner: PlistScanner): PlistDictionary {
  const values = new Map<string, PlistValue>()
  while (scanner.next() !== 'end') {
    const key = scanner.text()
    values.set(key, readValue(scanner, scanner.next()))
  }
  return values
}

const LOWEST = -(2n ** 63n)
const HIGHEST = 2n ** 64n - 1n

/** A decimal or, from `0x`, a hexadecimal number: proplib reads octal too, which nobody writes. */
export function integerOf(scanner: PlistScanner): number | bigint {
  const text = scanner.raw()
  if (!/^(?:0|-?[1-9]\d{0,19}|0x[0-9a-fA-F]{1,16})$/.test(text))
    throw scanner.complain(`${JSON.stringify(text.slice(0, 40))} is no integer`)
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  const exact = BigInt(text)
  if (exact < LOWEST || exact > HIGHEST) throw scanner.complain(`${text} has more than 64 bits`)
  return exact
}

function dataOf(scanner: PlistScanner): Buffer {
  const text = scanner.raw().replaceAll(/[\t\n\r ]+/g, '')
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw scanner.complain('data that is not base64')
  return Buffer.from(text, 'base64')
}

const HEADER = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
`
const FOOTER = '</plist>\n'

/** What stands before the first and after the last entry of the outermost dict of a list written in parts. */
export const PLIST_OPENING = `${HEADER}<dict>\n`
export const PLIST_CLOSING = `</dict>\n${FOOTER}`

/** Renders a list as proplib does: keys sorted bytewise, one tab for each level, no line broken. */
export function renderPlist(value: PlistDictionary): string {
  return HEADER + renderDict(value, 0) + FOOTER
}

/** One entry of a dict that lies `depth` deep. */
export function renderEntry(key: string, value: PlistValue, depth: number): string {
  return `${'\t'.repeat(depth)}<key>${escaped(key)}</key>\n${renderValue(value, depth)}`
}

function renderValue(value: PlistValue, depth: number): string {
  const tabs = '\t'.repeat(depth)
  if (typeof value === 'string')
    return value === '' ? `${tabs}<string/>\n` : `${tabs}<string>${escaped(value)}</string>\n`
  if (typeof value === 'boolean') return `${tabs}<${value}/>\n`
  if (typeof value === 'number' || typeof value === 'bigint') return `${tabs}<integer>${value}</integer>\n`
  if (Buffer.isBuffer(value))
    return value.length === 0 ? `${tabs}<data/>\n` : `${tabs}<data>${value.toString('base64')}</data>\n`
  if (value instanceof Map) return renderDict(value, depth)
  return renderArray([...value], depth)
}

function renderArray(values: readonly PlistValue[], depth: number): string {
  const tabs = '\t'.repeat(depth)
  if (values.length === 0) return `${tabs}<array/>\n`
  return `${tabs}<array>\n${values.map((value) => renderValue(value, depth + 1)).join('')}${tabs}</array>\n`
}

function renderDict(values: PlistDictionary, depth: number): string {
  const tabs = '\t'.repeat(depth)
  if (values.size === 0) return `${tabs}<dict/>\n`
  const entries = [...values].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return `${tabs}<dict>\n${entries.map(([key, value]) => renderEntry(key, value, depth + 1)).join('')}${tabs}</dict>\n`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
