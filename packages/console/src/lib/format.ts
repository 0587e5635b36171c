/** Numbers, sizes and digests as a person reads them. Pure. */

const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Three digits, as the command line says it: `1536` → `1.50 KiB`. A sign is kept: `-2048` → `−2.00 KiB`. */
export function bytes(count: number): string {
  const size = Math.abs(count)
  let unit = 0
  let scaled = size
  // 999.5 and not 1024: three digits must do, so `1000 KiB` is shown as `0.98 MiB`.
  while (scaled >= 999.5 && unit < BINARY_UNITS.length - 1) {
    scaled /= 1024
    unit += 1
  }
  const digits = unit === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2
  return `${count < 0 ? '−' : ''}${scaled.toFixed(digits)} ${BINARY_UNITS[unit]}`
}

/** As {@link bytes}, with a plus sign for growth. */
export function bytesChange(count: number): string {
  return count > 0 ? `+${bytes(count)}` : bytes(count)
}

/** `12345` → `12,345`. */
export function whole(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** `1 node`, `2 nodes`; `plural` where an s does not do. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${whole(count)} ${count === 1 ? noun : plural}`
}

/** A share of 10,000 as a percentage: `9950` → `99.5 %`. */
export function share(ofTenThousand: number): string {
  return `${(ofTenThousand / 100).toFixed(2).replace(/\.?0+$/, '')} %`
}

/** The twelve hexadecimal digits by which a person knows a digest. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}

/** Seconds as `45 s`, `12 min`, `3 h 20 min`, `2 d`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 120) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 120) return whole % 60 === 0 || minutes >= 10 ? `${minutes} min` : `${minutes} min ${whole % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d`
}

/** Milliseconds as `340 ms` or as {@link duration}. */
export function milliseconds(count: number): string {
  if (count < 1000) return `${Math.round(count)} ms`
  if (count < 60_000) return `${(count / 1000).toFixed(1)} s`
  return duration(count / 1000)
}
