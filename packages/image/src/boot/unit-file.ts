/** The settings of a unit: by `Section.Key`, the values in order. An empty value has thrown away what came before it. */
export type UnitSettings = ReadonlyMap<string, readonly string[]>

/**
 * Reads unit files, the main file first and then its drop-ins, into one set of settings. Lines that are no assignment are passed over, as
 * systemd does (systemd.syntax(7)).
 */
export function parseUnit(texts: readonly string[]): UnitSettings {
  const settings = new Map<string, string[]>()
  for (const text of texts) {
    let section = ''
    for (const line of joinedLines(text)) {
      const heading = /^\[([^\]]+)\]$/.exec(line)?.[1]
      if (heading !== undefined) {
        section = heading
        continue
      }
      const equals = line.indexOf('=')
      if (equals <= 0) continue
      const key = `${section}.${line.slice(0, equals).trim()}`
      const value = line.slice(equals + 1).trim()
      if (value === '') settings.set(key, [])
      else settings.set(key, [...(settings.get(key) ?? []), value])
    }
  }
  return settings
}

/** Lines without comments, a line that ends in a backslash joined with the next. */
function* joinedLines(text: string): Generator<string> {
  let pending = ''
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    // A comment within a continued line is passed over and the line goes on.
    if (/^[#;]/.test(line)) continue
    if (line.endsWith('\\')) {
      pending += `${line.slice(0, -1)} `
      continue
    }
    const whole = (pending + line).trim()
    pending = ''
    if (whole !== '') yield whole
  }
  if (pending.trim() !== '') yield pending.trim()
}

/** The words of a setting that takes a list of units or paths, from all its lines. */
export function wordsOf(settings: UnitSettings, key: string): string[] {
  return (settings.get(key) ?? []).flatMap((value) => value.split(/\s+/)).filter((word) => word !== '')
}

/** The last value of a setting. */
export function valueOf(settings: UnitSettings, key: string): string | undefined {
  return settings.get(key)?.at(-1)
}

/** A switch (systemd.syntax(7): 1, yes, y, true, t, on). */
export function isOn(settings: UnitSettings, key: string, otherwise: boolean): boolean {
  const value = valueOf(settings, key)?.toLowerCase()
  return value === undefined ? otherwise : ['1', 'yes', 'y', 'true', 't', 'on'].includes(value)
}
