#!/bin/sh
# Runs inside the sandbox, as dpkg would have on an empty root: every preinst, then the packages all others lean on, then the rest.
# Usage: configure.sh preinst|all DIRECTORY. DIRECTORY/list has a line "NUMBER PACKAGE ARCHITECTURE" for each package whose preinst is to run,
# DIRECTORY/NUMBER/ the members of its control.tar; DIRECTORY/first the packages that the rest of this run leans on; DIRECTORY/units has a line
# "VERB UNIT..." for each thing that systemctl is to do in the end: where it refuses, this ends with code 3. `preinst` ends after the preinsts.
set -eu
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
export DPKG_ROOT= DPKG_ADMINDIR=/var/lib/dpkg DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1

# dpkg runs a preinst from here, and debconf reads the package's name from the file `control` beside it.
control=/var/lib/dpkg/tmp.ci
while read -r number package architecture; do
  rm -rf "$control"
  cp -r "$2/$number" "$control"
  DPKG_MAINTSCRIPT_PACKAGE=$package DPKG_MAINTSCRIPT_ARCH=$architecture DPKG_MAINTSCRIPT_NAME=preinst \
    "$control/preinst" install < /dev/null || { echo "preinst of $package failed" >&2; exit 1; }
done < "$2/list"
rm -rf "$control"
[ "$1" = all ] || exit 0

unset DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT
# The first error ends it: what a failing script said would be lost in what the others say after it.
if [ -s "$2/first" ]; then
  # shellcheck disable=SC2046 # one word a package
  dpkg --abort-after=1 --force-unsafe-io --force-depends --configure $(cat "$2/first")
fi
dpkg --abort-after=1 --force-unsafe-io --force-confold --configure --pending

while read -r verb units; do
  echo "systemctl $verb $units:" >&2
  # shellcheck disable=SC2086 # one word a unit; `--` ends the options
  /usr/bin/systemctl --root=/ --no-reload "$verb" -- $units < /dev/null || exit 3
done < "$2/units"
