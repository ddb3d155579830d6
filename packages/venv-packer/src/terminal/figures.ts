/** Formats numbers for people: 23,260 · 553.1 MB · 28.4 % · 1 min 05 s · 2025-01-31 09:05. */

export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 file`, `2 files`. */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : plural}`
}

const BYTE_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** A size in decimal units (1 kB is 1000 bytes), like `ls --si` and the labels of disks. */
export function bytes(value: number): string {
  let unit = 0
  let scaled = value
  while (unit < BYTE_UNITS.length - 1 && scaled >= (unit === 0 ? 1000 : 999.95)) {
    scaled /= 1000
    unit++
  }
  return `${unit === 0 ? count(scaled) : scaled.toFixed(1)} ${BYTE_UNITS[unit]}`
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '100.0 %' : `${((100 * part) / whole).toFixed(1)} %`
}

export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  return wholeSeconds(seconds)
}

/** A duration without tenths, for estimates. */
export function wholeSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${twoDigits(Math.floor((whole % 3600) / 60))} min`
}

/** Local time: 2025-01-31 09:05. */
export function minute(date: Date): string {
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-')
  return `${day} ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
