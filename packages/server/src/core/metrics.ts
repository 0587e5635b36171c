import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The server's own metrics, in a registry of its own: two servers in one process do not mix theirs. */
export interface Metrics {
  readonly registry: Registry
  readonly requestSeconds: Histogram<'method' | 'route' | 'status'>
  readonly checkins: Counter<'answer'>
  readonly setsStored: Counter
  readonly findingsComputed: Counter
  readonly runs: Counter<'outcome'>
}

export function makeMetrics(eventListeners: () => number): Metrics {
  const registry = new Registry()
  const registers = [registry]
  registry.registerMetric(
    new Gauge({
      name: 'holotype_event_listeners',
      help: 'Open event streams.',
      registers: [],
      collect() {
        this.set(eventListeners())
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'holotype_resident_memory_bytes',
      help: 'Resident memory of this process.',
      registers: [],
      collect() {
        this.set(process.memoryUsage.rss())
      },
    }),
  )
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'holotype_http_request_seconds',
      help: 'Time from a request’s head to its answer’s end, by route.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
      registers,
    }),
    checkins: new Counter({
      name: 'holotype_checkins_total',
      help: 'Check-ins stored, by answer.',
      labelNames: ['answer'],
      registers,
    }),
    setsStored: new Counter({
      name: 'holotype_sets_stored_total',
      help: 'Installed sets not known before.',
      registers,
    }),
    findingsComputed: new Counter({
      name: 'holotype_findings_computed_total',
      help: 'Comparisons of a set with a baseline: once per pair, never per node.',
      registers,
    }),
    runs: new Counter({
      name: 'holotype_runs_total',
      help: 'Run reports stored, by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
  }
}
