/**
 * Ten locks of different shape, each for something that packages do while they are installed: what `make equal` holds against apt. Nothing here is
 * chosen for being easy; a new kind of trouble gets a new line.
 */
export const EQUAL_LOCKS = {
  minimal: ['usr-is-merged'],
  init: ['usr-is-merged', 'systemd-sysv', 'dbus', 'udev', 'cron', 'systemd-timesyncd'],
  languages: ['usr-is-merged', 'python3', 'perl', 'git'],
  remote: ['usr-is-merged', 'openssh-server', 'iputils-ping', 'libcap2-bin', 'sudo'],
  database: ['usr-is-merged', 'postgresql'],
  web: ['usr-is-merged', 'nginx', 'logrotate'],
  certificates: ['usr-is-merged', 'ca-certificates', 'curl', 'openssl'],
  triggers: [
    'usr-is-merged',
    'man-db',
    'fontconfig',
    'fonts-dejavu-core',
    'shared-mime-info',
    'libglib2.0-0',
    'install-info',
  ],
  diversions: ['usr-is-merged', 'molly-guard', 'systemd-sysv', 'vim', 'gawk', 'exim4-daemon-light'],
  kernel: ['usr-is-merged', 'linux-image-cloud-amd64', 'initramfs-tools', 'kmod'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type EqualLock = keyof typeof EQUAL_LOCKS

export function equalLockNames(): EqualLock[] {
  const isName = (name: string): name is EqualLock => name in EQUAL_LOCKS
  return Object.keys(EQUAL_LOCKS).filter(isName)
}
