#!/bin/sh
# The directory layout that Debian 12's packages assume, before any of them is unpacked. Usage: merge-usr.sh ROOT
set -eu
for name in bin sbin lib lib64; do
  mkdir -p "$1/usr/$name"
  ln -s "usr/$name" "$1/$name"
done
