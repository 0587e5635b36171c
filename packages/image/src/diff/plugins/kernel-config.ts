import type { Plugin } from './types.ts'

/** A kernel's configuration: its options, in whatever order. */
export const kernelConfig: Plugin = {
  name: 'kernel configuration',
  wants: (path) => /(^|\/)config-\d[^/]*$|^\/usr\/lib\/modules\/[^/]+\/config$/.test(path),
  describe(bytes) {
    const options = bytes
      .toString('utf8')
      .split('\n')
      .flatMap((line) => {
        const unset = /^# (CONFIG_\w+) is not set$/.exec(line)
        return unset ? [`${unset[1]}=n`] : /^CONFIG_\w+=/.test(line) ? [line] : []
      })
    if (options.length === 0) throw new Error('no options')
    return { facts: { options } }
  },
}
