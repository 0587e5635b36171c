/** Requests of many kinds that apt and the solver answer side by side over the real index. */
export interface AptRequest {
  readonly install: readonly string[]
  readonly recommends?: true
  readonly exclude?: readonly string[]
  /** Names of packages that apt alone installs, and why: docs/design/solver-and-apt.md. */
  readonly aptOnly?: readonly string[]
  /** What ends otherwise: apt or the solver refuses what the other resolves. */
  readonly refused?: 'both' | 'by apt' | 'by us'
}

export const APT_REQUESTS: readonly AptRequest[] = [
  // single packages
  { install: ['nginx'] },
  { install: ['openssh-server'] },
  { install: ['postgresql'] },
  { install: ['git'] },
  { install: ['vim'] },
  { install: ['emacs-nox'] },
  { install: ['apache2'] },
  { install: ['docker.io'] },
  { install: ['qemu-system-x86'] },
  { install: ['chromium'] },
  { install: ['ansible'] },
  // large ones
  { install: ['build-essential', 'debhelper'] },
  { install: ['task-gnome-desktop'], aptOnly: ['fonts-dejavu-core', 'libutempter0', 'xbitmaps', 'xterm'] },
  { install: ['kde-standard'], aptOnly: ['fonts-dejavu-core'] },
  { install: ['texlive-latex-extra'] },
  { install: ['libreoffice'] },
  { install: ['openjdk-17-jdk', 'maven'] },
  { install: ['r-base'] },
  // alternatives and virtual packages
  { install: ['mutt', 'default-mta'] },
  { install: ['bsd-mailx'] },
  { install: ['awk'], refused: 'by apt' },
  { install: ['x-terminal-emulator'], refused: 'by apt' },
  { install: ['mail-transport-agent', 'postfix'], refused: 'by apt' },
  { install: ['default-jre-headless'] },
  { install: ['python3-django', 'default-mysql-client'], aptOnly: ['python3-typing-extensions'] },
  { install: ['nullmailer', 'logwatch'] },
  { install: ['systemd-sysv', 'cron'] },
  { install: ['sysvinit-core', 'openssh-server'] },
  { install: ['php', 'libapache2-mod-php'] },
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
    aptOnly: ['python3-typing-extensions'],
  },
  { install: ['linux-image-amd64', 'grub-pc'] },
  // what is recommended
  { install: ['nginx', 'git'], recommends: true },
  { install: ['mutt'], recommends: true },
  { install: ['postgresql'], recommends: true },
  { install: ['network-manager'], recommends: true },
  // what must not be
  { install: ['mutt', 'default-mta'], exclude: ['exim4-daemon-light'], refused: 'by us' },
  { install: ['vim'], recommends: true, exclude: ['vim-runtime'], refused: 'both' },
  // what cannot be
  { install: ['exim4-daemon-light', 'postfix'], refused: 'both' },
  { install: ['nginx', 'libc6=1.0'], refused: 'both' },
]
