import type { AdvisoryChange, FileChange, FileDetails, Hazard, LostSoname, NodeChange } from '@holotype/image'

/** What stands above the list of changes, and what changes within files, as the differ says it; for the fixture server. */

export const fixtureNode: readonly NodeChange[] = [
  {
    kind: 'node',
    risk: 'high',
    reasons: ['nodes run it as root when one of its paths changes'],
    change: 'changed',
    part: 'trigger',
    name: 'reload-nginx',
    facts: [
      {
        name: 'run',
        before: '/usr/bin/systemctl reload nginx',
        after: '/bin/sh -c "nginx -t && systemctl reload nginx"',
      },
      { name: 'paths', added: ['/etc/ssl/acme/**'], removed: [] },
    ],
  },
]

export const fixtureHazards: readonly Hazard[] = [
  {
    id: 'kernel-abi',
    title: 'Another kernel',
    happens:
      'Modules of the running kernel are gone from the disk: what is not loaded yet (file systems, network drivers, iptables) cannot be loaded until the restart.',
    todo: 'Restart soon after the update, in the same window; see that modules of your own and of vendors are in the image for the new kernel.',
    evidence: ['linux-signed-amd64 6.1.153+1 → 6.12.48+1', '/usr/lib/modules/6.1.0-42-amd64 goes'],
    more: 3,
  },
  {
    id: 'setuid-helper',
    title: 'A program that ran as root no longer does',
    happens: 'Whoever called it without being root (a service, a monitoring check, users) fails from now on.',
    todo: 'See who calls it; where it is needed, give it back by the image spec or by a capability.',
    evidence: ['/usr/bin/ping: setuid root before, capabilities cap_net_raw=ep after'],
  },
]

export const fixtureSonames: readonly LostSoname[] = [
  {
    soname: 'libpcre.so.3',
    neededBy: [{ package: 'beacon', paths: ['/usr/sbin/beacond', '/usr/sbin/beacon-probe'] }],
    providedBefore: ['libpcre3'],
  },
]

export const fixtureAdvisories: readonly AdvisoryChange[] = [
  {
    change: 'brought',
    id: 'CVE-2025-64720',
    title: 'jq: stack overflow in a deeply nested filter',
    severity: 'medium',
    package: 'jq',
    to: '1.6-2.1+deb12u1',
  },
  {
    change: 'fixed',
    id: 'DSA-6015-1',
    title: 'openssl security update',
    severity: 'high',
    package: 'openssl',
    from: '3.0.17-1~deb12u2',
    to: '3.0.17-1~deb12u3',
  },
  {
    change: 'fixed',
    id: 'DSA-5954-1',
    title: 'sudo security update',
    severity: 'high',
    package: 'sudo',
    from: '1.9.13p3-1+deb12u1',
    to: '1.9.13p3-1+deb12u2',
  },
]

export const fixtureBootOrder: readonly string[] = [
  'starts at boot: beacon-probe.timer',
  'starts at boot: network-online.target',
  'starts no longer: inetd.service',
  'now ssh.service after dbus.socket',
]

export const elfDetails: FileDetails = {
  format: 'elf',
  facts: [
    { name: 'libraries needed', added: ['libcrypto.so.3'], removed: [] },
    { name: 'RELRO', before: 'partial', after: 'full' },
    { name: 'stack protector', before: 'no', after: 'yes' },
    {
      name: 'build id',
      before: 'cdf2bcca3869a214e4aed1324ec9ef925608e39f',
      after: 'fe982b9f4d9e72f72206fa06fc1c9fc9e2d3f58c',
    },
    {
      name: 'symbols given',
      added: Array.from({ length: 18 }, (_, index) => `SSL_CTX_set${index}_groups_list@OPENSSL_3.0.0`),
      removed: ['SSL_get_npn_negotiated@OPENSSL_3.0.0'],
      more: 40,
    },
  ],
  members: [],
}

const SCRIPT_DIFF = `--- a/scripts/local-top/keymap
+++ b/scripts/local-top/keymap
@@ -1,2 +1,3 @@
 #!/bin/sh
+set -e
 loadkeys --quiet /etc/boottime.kmap.gz
`

export const insideFiles: readonly FileChange[] = [
  {
    kind: 'file',
    risk: 'medium',
    reasons: ['a unit runs with more rights'],
    change: 'changed',
    path: '/usr/lib/systemd/system/beacon.service',
    owner: 'package:beacon',
    before: { type: 'file', mode: 0o644, uid: 0, gid: 0, size: 612 },
    after: { type: 'file', mode: 0o644, uid: 0, gid: 0, size: 588 },
    details: {
      format: 'systemd unit',
      facts: [
        { name: 'runs as', added: [], removed: ['DynamicUser=yes'] },
        { name: 'listens', added: ['ListenStream=9100'], removed: [] },
        { name: 'may', added: ['AmbientCapabilities=CAP_NET_RAW'], removed: [] },
        { name: 'is held back by', added: [], removed: ['ProtectSystem=strict', 'NoNewPrivileges=yes'] },
      ],
      members: [],
    },
    text: '--- a/usr/lib/systemd/system/beacon.service\n+++ b/usr/lib/systemd/system/beacon.service\n@@ -8,2 +8 @@\n-DynamicUser=yes\n-ProtectSystem=strict\n+AmbientCapabilities=CAP_NET_RAW\n',
  },
  {
    kind: 'file',
    risk: 'medium',
    reasons: ['boots the machine'],
    change: 'changed',
    path: '/boot/initrd.img-6.12.48-amd64',
    owner: 'step:initramfs',
    before: { type: 'file', mode: 0o600, uid: 0, gid: 0, size: 31_204_112 },
    after: { type: 'file', mode: 0o600, uid: 0, gid: 0, size: 31_377_020 },
    details: {
      format: 'cpio',
      facts: [],
      members: [
        { path: 'scripts/local-top/keymap', change: 'changed', text: SCRIPT_DIFF },
        {
          path: 'usr/lib/x86_64-linux-gnu/libcrypto.so.3',
          change: 'changed',
          details: { format: 'elf', facts: [{ name: 'FORTIFY', before: 'yes', after: 'no' }], members: [] },
        },
        { path: 'usr/lib/modules/6.12.48-amd64/nvme.ko', change: 'added' },
        { path: 'usr/lib/modules/6.1.0-42-amd64/nvme.ko', change: 'removed' },
      ],
      moreMembers: 210,
    },
  },
  {
    kind: 'file',
    risk: 'low',
    reasons: [],
    change: 'changed',
    path: '/var/lib/beacon/seed.db',
    owner: 'package:beacon',
    before: { type: 'file', mode: 0o640, uid: 0, gid: 0, size: 8_192 },
    after: { type: 'file', mode: 0o640, uid: 0, gid: 0, size: 8_192 },
    details: { format: 'sqlite', unreadable: true, facts: [], members: [] },
  },
]
