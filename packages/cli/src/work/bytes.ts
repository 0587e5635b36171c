import { fail } from '../errors.ts'

const UNITS = ['', 'K', 'M', 'G', 'T'] as const

/** `500G`, `1.5T` → bytes, each unit 1024 of the one before. @throws CLI_USAGE */
export function bytesOf(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,12}(?:\.\d{1,3})?)([KMGT]?)(?:iB)?$/.exec(text) ?? []
  const power = UNITS.findIndex((one) => one === unit)
  if (amount === undefined) throw fail('CLI_USAGE', { what: `"${text}" is not a size`, hint: 'a size looks like 500G' })
  return Math.floor(Number(amount) * 1024 ** power)
}
