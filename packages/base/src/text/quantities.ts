const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Bytes as people read them, IEC 80000-13 prefixes, three digits: `0 B`, `1.50 KiB`, `12.3 MiB`, `-4.00 GiB`. */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes)
  let unit = 0
  // 999.5 and not 1024: three digits must do, so `1000 KiB` is shown as `0.98 MiB`.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${bytes < 0 ? '-' : ''}${value.toFixed(digits)} ${BYTE_UNITS[unit]}`
}

/** Milliseconds as people read them, in two units at most: `350 ms`, `4.2 s`, `1 m 05 s`, `3 h 20 m`, `2 d 04 h`. */
export function formatDuration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (Math.round(ms) < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`
  const hours = Math.round(minutes / 60)
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
