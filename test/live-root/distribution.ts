import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/*
 * Two images that differ in the packages of LIVE_PACKAGES alone: one has them from the release, the other from its security fixes, as far as the
 * machine's sources have them there. Nothing is repackaged.
 */

/** What must have another version in the other image, or there is nothing to judge. */
export const JUDGED = ['libc6', 'systemd', 'openssh-server', 'libssl3', 'nginx'] as const

/** Each with the packages of its source that want the same version. */
const LIVE_PACKAGES = [
  ...['libc6', 'libc-bin', 'libc-l10n'],
  ...[
    'systemd',
    'systemd-sysv',
    'libsystemd0',
    'libsystemd-shared',
    'libpam-systemd',
    'libnss-systemd',
    'udev',
    'libudev1',
  ],
  ...['openssh-server', 'openssh-client', 'openssh-sftp-server'],
  ...['libssl3', 'openssl'],
  ...['nginx', 'nginx-common'],
] as const

/** What the guest's web server answers with. */
export const PAGE = `${Array.from({ length: 400 }, (_, index) => `line ${index} of a page that is the same all along`).join('\n')}\n`

const IMAGES = { before: 'release', after: 'security' } as const
export type ImageName = keyof typeof IMAGES

/** Writes a distribution whose images let in the holder of a key, over ssh, as root. */
export function writeDistribution(place: string, publicKeyFile: string): void {
  const write = (path: string, value: unknown) => {
    const file = join(place, path)
    mkdirSync(dirname(file), { recursive: true })
    // JSON is YAML.
    writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
  }
  const upstream = (pocket: string) => ({ from: 'host', format: 'deb', pockets: [pocket] })
  write('holotype.yaml', { name: 'live', upstreams: { release: upstream('release'), security: upstream('security') } })
  write('images/base.yaml', base(readFileSync(publicKeyFile, 'utf8')))
  for (const [name, from] of Object.entries(IMAGES))
    write(`images/${name}.yaml`, {
      base: 'base',
      packages: [],
      pin: Object.fromEntries(LIVE_PACKAGES.map((live) => [live, { from }])),
    })
}

function base(key: string): unknown {
  return {
    packages: [
      ...['usr-is-merged', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'passwd', 'procps', 'iproute2', 'e2fsprogs'],
      ...['openssh-server', 'nginx', 'socat'],
      ...['linux-image-cloud-amd64', 'initramfs-tools', 'grub-pc-bin', 'grub-efi-amd64-bin'],
    ],
    pin: { 'linux-image-cloud-amd64': { from: 'release' } },
    prune: { paths: ['/usr/share/man/**', '/usr/share/doc/**', '/usr/share/locale/**'] },
    files: {
      '/root/.ssh': { directory: true, mode: '0700' },
      '/root/.ssh/authorized_keys': { content: key, mode: '0600' },
      '/etc/systemd/network/10-guest.network': {
        content: '[Match]\nType=ether\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n',
      },
      // An image has no host's keys: each node makes its own.
      '/etc/systemd/system/ssh.service.d/keys.conf': {
        content: '[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n',
      },
      // No trigger restarts it. Each connection starts a program anew, with the libraries as they lie there at that moment.
      '/etc/systemd/system/echo.service': {
        content:
          '[Service]\nExecStart=/usr/bin/socat TCP-LISTEN:7,reuseaddr,fork,backlog=64 EXEC:/bin/cat\n[Install]\nWantedBy=multi-user.target\n',
      },
      '/var/www/html/page': { content: PAGE },
    },
    units: {
      enable: ['systemd-networkd.service', 'echo.service', 'nginx.service', 'ssh.service'],
      disable: ['systemd-networkd-wait-online.service'],
    },
    exclusions: [
      ...['/tmp/**', '/var/tmp/**', '/var/log/*/**', '/var/log/*log*', '/var/log/?tmp*', '/root/**'],
      ...['/etc/machine-id', '/etc/.pwd.lock', '/etc/ssh/ssh_host_*', '/var/lib/dbus/machine-id', '/var/lib/nginx/**'],
      // What its timers of the day write, at whichever hour it runs.
      ...['/var/backups/**', '/var/lib/systemd/linger', '/var/lib/systemd/random-seed', '/var/lib/systemd/timers'],
    ],
    triggers: [
      {
        name: 'systemd',
        paths: ['/usr/lib/systemd/systemd', '/usr/lib/*/systemd/libsystemd-*'],
        run: ['/usr/bin/systemctl', 'daemon-reexec'],
      },
      { name: 'ssh', paths: ['/usr/sbin/sshd'], run: ['/usr/bin/systemctl', 'restart', 'ssh.service'] },
      { name: 'nginx', paths: ['/usr/sbin/nginx'], run: ['/usr/bin/systemctl', 'restart', 'nginx.service'] },
    ],
    boot_checks: {
      units: ['ssh.service', 'nginx.service', 'echo.service', 'systemd-networkd.service'],
      ports: ['tcp/7', 'tcp/22', 'tcp/80'],
    },
  }
}
