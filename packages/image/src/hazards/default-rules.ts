import type { HazardRule } from './rule.ts'

type DefaultRule = Omit<HazardRule, 'crosses' | 'libraries'> & Partial<Pick<HazardRule, 'crosses' | 'libraries'>>

/** Source packages of kernels: Debian's and its signed ones, Arch's, Fedora's. */
const KERNELS = ['linux', 'linux-signed-amd64', 'linux-signed-arm64', 'linux-lts', 'kernel', 'kernel-core']

/** The rules that are shipped. A rule of the distribution of the same id takes the place of one of these. */
export const defaultHazardRules: readonly HazardRule[] = (
  [
    {
      id: 'collation',
      title: 'Text sorts in another order',
      happens:
        'Indexes of databases on text were built in the order of the old library. With the new one PostgreSQL and others miss rows and let duplicates in, without an error.',
      todo: 'Before the library changes under a database, choose: reindex every index on text after it (REINDEX, ALTER DATABASE … REFRESH COLLATION VERSION), or roll forward by logical replication or dump and restore onto nodes of the new image. Never put standbys of both images behind one primary.',
      crosses: [
        { packages: ['glibc'], series: 2 },
        { packages: ['icu'], series: 1 },
      ],
    },
    {
      id: 'libcrypt',
      title: 'libcrypt moves from one package to another',
      happens:
        'Between the removal of the old library and the arrival of the new one nothing that checks a password can start: login, su, sudo, sshd. An update that stops there locks everybody out, root too.',
      todo: 'Update whole images, never these packages alone; keep a session of root open on the first node, and see that PAM logs in before the next wave.',
      fact: 'library-changes-package',
      libraries: ['libcrypt.so.1', 'libcrypt.so.2', 'libcrypt.so'],
    },
    {
      id: 'openssl-major',
      title: 'OpenSSL changes its series',
      happens:
        'Programs linked with the old libssl and libcrypto do not start. Old ciphers, short keys and SHA-1 signatures that were accepted may be refused, and configuration and engines of the old series are read differently.',
      todo: 'Rebuild your own packages against it, look for programs below /opt and in containers that use the old library, and try TLS with your oldest clients and servers.',
      crosses: [
        { packages: ['openssl'], series: 1 },
        { packages: ['openssl'], at: '1.1.0' },
      ],
    },
    {
      id: 'kernel-abi',
      title: 'Another kernel, or none',
      happens:
        'Modules of the running kernel are gone from the disk: what is not loaded yet (file systems, network drivers, iptables) cannot be loaded until the restart. Modules from elsewhere must be built anew. Where no kernel is left, the machine does not start again by itself.',
      todo: 'Restart soon after the update, in the same window; see that modules of your own and of vendors are in the image for the new kernel.',
      crosses: [{ packages: KERNELS, series: 2 }],
      fact: 'kernel-modules-replaced',
    },
    {
      id: 'account-ids',
      title: 'Accounts or files change their numbers',
      happens:
        'Files that nodes made (data, spools, keys) keep the old number: their service can no longer read them, or another one can.',
      todo: 'Pin the numbers of users and groups in the image spec to what nodes have, or change the owner of what lies outside the image in the same step.',
      fact: 'accounts-renumbered',
    },
    {
      id: 'setuid-helper',
      title: 'A program that ran as root no longer does',
      happens: 'Whoever called it without being root (a service, a monitoring check, users) fails from now on.',
      todo: 'See who calls it; where it is needed, give it back by the image spec or by a capability.',
      fact: 'setuid-helper-gone',
    },
    {
      id: 'init-system',
      title: 'Another program is process 1',
      happens:
        'The running one can no longer restart or shut down by its own tools, and services are started by other files than before.',
      todo: 'Restart by a new root (A/B) or by a forced reboot, and compare which services start: `holotype image diff` shows the units.',
      fact: 'init-replaced',
    },
    {
      id: 'agent-gone',
      title: 'The image has no agent any more',
      happens:
        'Nodes that run the agent of the old image refuse the new one (AGENT_NOT_IN_IMAGE) and stay where they are; on others no image brings a newer agent any more.',
      todo: 'Add the package holotype-agent to the image spec again, unless nodes get their agent by another way: then exclude its path.',
      fact: 'agent-gone',
    },
    {
      id: 'file-system-features',
      title: 'New file systems get other features',
      happens:
        'A file system made on a new node cannot be mounted or repaired by an old kernel, an old e2fsck or xfs_repair, or read by an old boot loader.',
      todo: 'Set the features in /etc/mke2fs.conf by the image spec until rescue systems, boot loaders and nodes to roll back to can read them.',
      crosses: [
        { packages: ['e2fsprogs'], at: '1.47.0' },
        { packages: ['xfsprogs'], at: '5.15.0' },
        { packages: ['xfsprogs'], at: '6.5.0' },
      ],
      fact: 'file-system-features',
    },
    {
      id: 'bond-mac',
      title: 'A bond has no fixed MAC address',
      happens:
        'systemd, udev or the kernel choose the address of a bond by rules that changed between versions: after a restart it may be another one, and DHCP, switch and firewall no longer know the node.',
      todo: 'Set the address the bond has today: MACAddress= in its .netdev, macaddress in netplan, hwaddress in /etc/network/interfaces, MACADDR= or cloned-mac-address= elsewhere.',
      crosses: [{ packages: ['systemd', 'ifupdown', 'ifupdown2', 'ifenslave'], series: 1 }],
      fact: 'bond-without-mac',
    },
    {
      id: 'bridge-ports',
      title: 'More ports than a bridge can have',
      happens:
        'A bridge of Linux takes 1,023 ports. The next ones are refused, and which these are depends on the order of start.',
      todo: 'Spread the ports over several bridges.',
      fact: 'bridge-over-1023-ports',
    },
    {
      id: 'nfs-retries',
      title: 'NFS over TCP with the default of retries',
      happens:
        'When the server does not answer, a try takes a minute and each next one longer, and a kernel or nfs-utils of another version counts them differently: what touches the mount hangs, or gets errors and loses writes.',
      todo: 'Say timeo= and retrans= (and hard or soft) in the mount, and try what happens when the server is cut off.',
      crosses: [
        { packages: KERNELS, series: 2 },
        { packages: ['nfs-utils'], series: 2 },
      ],
      fact: 'nfs-tcp-default-retries',
    },
  ] satisfies readonly DefaultRule[]
).map((rule: DefaultRule) => ({ crosses: [], libraries: [], ...rule }))
