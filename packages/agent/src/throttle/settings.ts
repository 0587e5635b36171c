import type { ThrottleSettings } from '@holotype/image'
import { asFields, asInteger } from '../json.ts'
import { LEAST_RATE, PRESSURE_PERCENT } from '../limits.ts'
import type { PerResource } from './share.ts'

/** Reads a throttle from a manifest or the node's own configuration. @throws FormError */
export function throttleFrom(value: unknown): ThrottleSettings {
  const { network, disk, pressure } = asFields(value, 'throttle')
  const rate = (name: string, given: unknown) =>
    given === undefined ? {} : { [name]: asInteger(given, `throttle.${name}`, { min: LEAST_RATE }) }
  const percent = (name: string, given: unknown) =>
    given === undefined ? {} : { [name]: asInteger(given, `throttle.pressure.${name}`, { min: 1, max: 100 }) }
  const { cpu, io, memory } = asFields(pressure ?? {}, 'throttle.pressure')
  return {
    ...rate('network', network),
    ...rate('disk', disk),
    pressure: { ...percent('cpu', cpu), ...percent('io', io), ...percent('memory', memory) },
  }
}

/** What the node's own configuration says goes before what its image says, each by itself. */
export function mergeThrottles(image: ThrottleSettings, own: ThrottleSettings): ThrottleSettings {
  return { ...image, ...own, pressure: { ...image.pressure, ...own.pressure } }
}

/** The limits that hold, in percent. */
export function pressureLimits({ pressure }: ThrottleSettings): PerResource {
  const { cpu = PRESSURE_PERCENT, io = PRESSURE_PERCENT, memory = PRESSURE_PERCENT } = pressure ?? {}
  return { cpu, io, memory }
}
