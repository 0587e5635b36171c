import type { Plugin } from './types.ts'

/** What a unit may do and when it runs (systemd.exec(5), systemd.socket(5), systemd.service(5), systemd.timer(5)), in the words of its directives. */
const GROUPS: readonly (readonly [name: string, directive: RegExp])[] = [
  ['runs', /^Exec|^On(Calendar|BootSec|ActiveSec|StartupSec|UnitActiveSec|UnitInactiveSec)$/],
  ['runs as', /^(User|Group|SupplementaryGroups|DynamicUser)$/],
  ['listens', /^Listen|^(Accept|BindIPv6Only|SocketUser|SocketGroup|SocketMode)$/],
  ['may', /^(CapabilityBoundingSet|AmbientCapabilities|DevicePolicy|DeviceAllow|SecureBits|RootDirectory|RootImage)$/],
  [
    'is held back by',
    /^(Protect|Private|Restrict|ReadOnly|ReadWrite|Inaccessible|NoExec|Exec(Paths)$|SystemCall|MemoryDenyWriteExecute|NoNewPrivileges|LockPersonality|KeyringMode|UMask|IPAddress|SocketBind|RemoveIPC|Limit|Memory|TasksMax|CPUQuota)/,
  ],
  [
    'goes with',
    /^(After|Before|Wants|Requires|Requisite|BindsTo|PartOf|Conflicts|OnFailure|WantedBy|RequiredBy|Alias|Also)$/,
  ],
]

/** systemd units and their drop-ins. */
export const systemdUnit: Plugin = {
  name: 'systemd unit',
  oneSided: true,
  wants: (path) =>
    /\/systemd\/(system|user)\/[^/]+\.(service|socket|timer|path|mount|automount|swap|slice|scope|target)$|\/systemd\/(system|user)\/[^/]+\.d\/[^/]+\.conf$/.test(
      path,
    ),
  describe(bytes) {
    if (bytes.includes(0)) throw new Error('no text')
    const facts: Record<string, string[]> = {}
    // A backslash at a line's end joins the next to it (systemd.syntax(7)).
    for (const line of bytes.toString('utf8').replaceAll('\\\n', ' ').split('\n')) {
      const [, directive = '', value = ''] = /^\s*([A-Za-z0-9]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
      const group = directive === '' ? undefined : GROUPS.find(([, pattern]) => pattern.test(directive))
      if (group) (facts[group[0]] ??= []).push(`${directive}=${value}`)
    }
    return { facts }
  },
}
