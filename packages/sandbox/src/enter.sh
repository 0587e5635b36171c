#!/bin/sh
# Runs as the first process of fresh mount, pid, network, ipc and uts namespaces; becomes the sandboxed program.
# Usage: enter.sh MERGED OVERLAY_OPTIONS HOSTNAME BOUNDING_SET UID GID CWD FILE_BYTES [group FILE ''|ro|rw SOURCE TARGET]... -- PROGRAM [ARGUMENT]...
# A fixed file with positional arguments: nothing in it is built from outside text.
set -eu
umask 022
merged=$1 overlay=$2 hostname=$3 bounding=$4 uid=$5 gid=$6 cwd=$7 file_bytes=$8
shift 8

# Until the program takes over, whatever fails is the sandbox's failure and not the program's.
trap 'echo "holotype-sandbox: could not be set up" >&2; exit 125' EXIT
# Control groups first: what is set up below counts too. 0 is whoever writes it (cgroups(7)).
while [ "$1" = group ]; do
  echo 0 > "$2"
  shift 3
done
mount -t overlay overlay -o "$overlay" "$merged"
cd "$merged"
merged=$(pwd -P)
# A link of the root that leads out of it would have these mounts, and the directories made for them, land on the machine's own tree.
inside() {
  places=$(realpath -m "$@")
  for path; do
    place=${places%%"
"*}
    case $place in
      "$merged"/*) ;;
      *) echo "holotype-sandbox: $path leads out of the root" >&2; exit 125 ;;
    esac
    places=${places#*"
"}
  done
}
inside proc sys dev tmp run
mkdir -p proc sys dev tmp run
# What a program leaves in these is gone with it; binds may lie below them.
mount -t tmpfs -o mode=0755,nosuid,nodev run run
mount -t tmpfs -o mode=1777,nosuid,nodev tmp tmp

while [ "$1" != -- ]; do
  access=$1 source=$2 target=$3
  shift 3
  inside "./$target"
  mkdir -p "./${target%/*}"
  if [ -d "$source" ]; then mkdir -p "./$target"; else : >> "./$target"; fi
  # One call, of which mount(8) makes two: a bind takes no other flags.
  if [ "$access" = rw ]; then mount --bind "$source" "./$target"; else mount -o bind,ro,nosuid,nodev "$source" "./$target"; fi
done
shift
[ -x usr/bin/setpriv ] || { echo 'holotype-sandbox: no setpriv in the root' >&2; trap - EXIT; exit 125; }

# The mount points' own metadata must not reach the upper layer: everything made from here on lies on a tmpfs.
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t tmpfs -o mode=0755,nosuid,size=1m dev dev
for node in null zero full random urandom tty; do
  : > "dev/$node"
  # Writing to a device goes on; changing the mode or the owner of the machine's own node does not.
  mount -o bind,ro,nosuid,noexec "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,nosuid,noexec devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
echo "$hostname" > /proc/sys/kernel/hostname
# Root needs no capability to write to these: only their file mode guards the kernel's settings (core_pattern runs programs, sysrq reboots).
for path in proc/sys proc/sysrq-trigger proc/irq proc/bus proc/fs; do
  [ -e "$path" ] || continue
  mount -o bind,ro,nosuid,nodev,noexec "$path" "$path"
done

# The new root covers the old one, as an initramfs does it: the host's tree has no name any more.
mount --move . /
trap - EXIT
exec prlimit "--fsize=$file_bytes" --core=0 chroot . /usr/bin/setpriv --no-new-privs --inh-caps=-all "--bounding-set=$bounding" --reuid="$uid" --regid="$gid" --clear-groups \
  /usr/bin/env -C "$cwd" -- "$@"
