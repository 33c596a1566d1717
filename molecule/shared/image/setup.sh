#!/bin/sh
# Runs once, inside the image build: turns a bare Debian into a test host.
set -eu
own_packages=$1
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -qq -o APT::Install-Recommends=false -o Dpkg::Use-Pty=0 "$@" >/dev/null; }

# Container images keep services from starting and delete downloaded packages; a host does neither.
rm -f /usr/sbin/policy-rc.d /etc/apt/apt.conf.d/docker-*
cp /machine/apt.conf /etc/apt/apt.conf.d/00build
if [ -s /machine/mirror ]; then
  # shellcheck source=/dev/null
  . /etc/os-release
  rm -f /etc/apt/sources.list.d/*
  echo "deb $(cat /machine/mirror) $VERSION_CODENAME main" >/etc/apt/sources.list
fi
apt update
apt install apt-utils ca-certificates dbus iproute2 openssh-server procps python3 python3-apt sudo systemd systemd-sysv

# The local repository: real packages, real installs, no network.
repository=/srv/apt
mkdir -p "$repository/partial"
# shellcheck disable=SC2046,SC2086 # lists of words
apt install --download-only -o Dir::Cache::archives="$repository/" \
  $own_packages $(grep -v '^#' /recipe/packages-to-offer)
rm -rf "$repository/partial" "$repository/lock"
(cd "$repository" && apt-ftparchive packages . >Packages)
chmod -R a+rX "$repository"
rm -f /etc/apt/apt.conf.d/00build /etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:$repository ./" >/etc/apt/sources.list
apt update
apt-get clean
rm -rf /machine

# An administrator with sudo, as on a real server: a missing `become` shows.
useradd --create-home --shell /bin/bash admin
echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin
chmod 0440 /etc/sudoers.d/admin
cp /recipe/sshd.conf /etc/ssh/sshd_config.d/test-host.conf

# Nothing of its own accord in the middle of a test, nothing that needs hardware, and nothing that sets up this machine's kernel: a
# privileged container would reach it, and where two containers boot at the same time one of them would fail.
systemctl mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer \
  getty.target console-getty.service systemd-udevd.service systemd-logind.service \
  systemd-modules-load.service systemd-networkd.service systemd-resolved.service systemd-timesyncd.service \
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount systemd-sysctl.service \
  kmod-static-nodes.service modprobe@.service systemd-random-seed.service systemd-pstore.service systemd-hwdb-update.service \
  sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount dev-hugepages.mount \
  >/dev/null 2>&1
systemctl set-default multi-user.target >/dev/null 2>&1
: >/etc/machine-id
