/** Everything a script may see of the outside: nothing of the machine, its user or its time. `epoch`: seconds, SOURCE_DATE_EPOCH. */
export function environment(epoch: number): Record<string, string> {
  return {
    HOME: '/root',
    USER: 'root',
    LOGNAME: 'root',
    SHELL: '/bin/sh',
    LC_ALL: 'C.UTF-8',
    LANG: 'C.UTF-8',
    TZ: 'UTC0',
    TERM: 'dumb',
    SOURCE_DATE_EPOCH: String(epoch),
    // Python seeds its hashes from the kernel's randomness otherwise, and sets are written in hash order.
    PYTHONHASHSEED: '0',
    PERL_HASH_SEED: '0',
  }
}
