import { defineConfig } from 'vitest/config'
import { summaryReporter } from './tools/summary-reporter.ts'

// The one default export of the tree: vitest's configuration file has this form.
export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/console/src/**/*.test.tsx',
      'test/**/*.test.ts',
      'tools/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    setupFiles: ['tools/test-setup.ts'],
    // Far off: it ends what hangs, and is no measure of speed.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', summaryReporter()],
  },
})
