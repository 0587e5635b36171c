/** Requests of many kinds that apt and the solver answer side by side over the real index. */
export interface AptRequest {
  readonly install: readonly string[]
  readonly recommends?: true
  readonly exclude?: readonly string[]
  /** Left out of `make test`, for apt takes its time. */
  readonly long?: true
  /** Names of packages that apt alone installs, and why: docs/design/solver-and-apt.md. */
  readonly aptOnly?: readonly string[]
  /** What ends otherwise: apt or the solver refuses what the other resolves. */
  readonly refused?: 'both' | 'by apt' | 'by us'
}

export const APT_REQUESTS: readonly AptRequest[] = [
  // single packages
  { install: ['nginx'], long: true },
  { install: ['openssh-server'], long: true },
  { install: ['postgresql'], long: true },
  { install: ['git'], long: true },
  { install: ['vim'], long: true },
  { install: ['emacs-nox'], long: true },
  { install: ['apache2'], long: true },
  { install: ['docker.io'], long: true },
  { install: ['qemu-system-x86'], long: true },
  { install: ['chromium'], long: true },
  { install: ['ansible'], long: true },
  // large ones
  { install: ['build-essential', 'debhelper'] },
  { install: ['task-gnome-desktop'], long: true, aptOnly: ['fonts-dejavu-core', 'libutempter0', 'xbitmaps', 'xterm'] },
  { install: ['kde-standard'], long: true, aptOnly: ['fonts-dejavu-core'] },
  { install: ['texlive-latex-extra'], long: true },
  { install: ['libreoffice'], long: true },
  { install: ['openjdk-17-jdk', 'maven'], long: true },
  { install: ['r-base'], long: true },
  // alternatives and virtual packages
  { install: ['mutt', 'default-mta'] },
  { install: ['bsd-mailx'], long: true },
  { install: ['awk'], refused: 'by apt' },
  { install: ['x-terminal-emulator'], refused: 'by apt', long: true },
  { install: ['mail-transport-agent', 'postfix'], refused: 'by apt', long: true },
  { install: ['default-jre-headless'], long: true },
  { install: ['python3-django', 'default-mysql-client'], long: true, aptOnly: ['python3-typing-extensions'] },
  { install: ['nullmailer', 'logwatch'], long: true },
  { install: ['systemd-sysv', 'cron'], long: true },
  { install: ['sysvinit-core', 'openssh-server'], long: true },
  { install: ['php', 'libapache2-mod-php'], long: true },
  // several
  {
    install: [
      'systemd',
      'openssh-server',
      'nginx',
      'haproxy',
      'chrony',
      'prometheus-node-exporter',
      'postgresql-client',
    ],
  },
  {
    install: ['apache2', 'postgresql', 'php', 'python3-django', 'git'],
    long: true,
    aptOnly: ['python3-typing-extensions'],
  },
  { install: ['linux-image-amd64', 'grub-pc'], long: true },
  // what is recommended
  { install: ['nginx', 'git'], recommends: true, long: true },
  { install: ['mutt'], recommends: true, long: true },
  { install: ['postgresql'], recommends: true, long: true },
  { install: ['network-manager'], recommends: true, long: true },
  // what must not be
  { install: ['mutt', 'default-mta'], exclude: ['exim4-daemon-light'], refused: 'by us', long: true },
  { install: ['vim'], recommends: true, exclude: ['vim-runtime'], refused: 'both', long: true },
  // what cannot be
  { install: ['exim4-daemon-light', 'postfix'], refused: 'both' },
  { install: ['nginx', 'libc6=1.0'], refused: 'both' },
]
