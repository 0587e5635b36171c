#!/bin/sh
# Runs inside the sandbox, as dpkg would have on an empty root: every preinst, then the two packages all others lean on, then the rest.
# Usage: configure.sh LIST, with a line "PACKAGE ARCHITECTURE SCRIPT" for each package that has a preinst.
set -eu
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
export DPKG_ROOT= DPKG_ADMINDIR=/var/lib/dpkg DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1

while read -r package architecture script; do
  DPKG_MAINTSCRIPT_PACKAGE=$package DPKG_MAINTSCRIPT_ARCH=$architecture DPKG_MAINTSCRIPT_NAME=preinst \
    "$script" install < /dev/null || { echo "preinst of $package failed" >&2; exit 1; }
done < "$1"

unset DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT
# The first error ends it: what a failing script said would be lost in what the others say after it.
dpkg --abort-after=1 --force-unsafe-io --force-depends --configure base-passwd base-files
exec dpkg --abort-after=1 --force-unsafe-io --force-confold --configure --pending
