#!/bin/sh
# Turns an overlay of a guest root into a running host: PID 1, bus, journal, all of it.
# A shell script because the last act has to be `exec`: the process that set the scene becomes PID 1.
# Everything comes in by the environment (LAB_*); the keeper starts stage "outside".
set -eu

outside() {
  # The cgroup namespace is rooted where the process is when it unshares.
  echo $$ > "$LAB_CGROUP/cgroup.procs"
  exec unshare --mount --propagation private --pid --fork --kill-child --uts --ipc --net --cgroup sh "$0" inside
}

bind_read_only() {
  mkdir -p "$(dirname "$2")"
  if [ -d "$1" ]; then mkdir -p "$2"; else [ -e "$2" ] || : > "$2"; fi
  mount --bind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

inside() {
  root=$LAB_DIR/root
  mkdir -p "$root" "$LAB_UPPER"
  # Overlay needs an upper layer that supports trusted.* attributes; on a root that is an overlay itself, memory does.
  layers() { mkdir -p "$LAB_UPPER/top" "$LAB_UPPER/work"; mount -t overlay -o "lowerdir=$LAB_TREE,upperdir=$LAB_UPPER/top,workdir=$LAB_UPPER/work" lab "$root"; }
  layers 2>/dev/null || { mount -t tmpfs -o mode=755 lab "$LAB_UPPER"; layers; }

  mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
  mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"

  # A /dev of its own: journald replaces /dev/log in it. Nodes were made with the tree; see guest-root.ts.
  mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
  cp -a "$LAB_TREE/dev/." "$root/dev/"
  mkdir -p "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
  ln -sfn pts/ptmx "$root/dev/ptmx"

  echo "$LAB_NAME" > "$root/etc/hostname"
  hostname "$LAB_NAME"
  bind_read_only "$LAB_NODE" "$root/usr/bin/node"
  [ -z "$LAB_NODE_LIBRARY" ] || cp "$LAB_NODE_LIBRARY" "$root/usr/lib/"
  if [ -n "$LAB_PROJECT_RW" ]; then
    mkdir -p "$root/usr/src/attache"
    mount --bind "$LAB_PROJECT" "$root/usr/src/attache"
  else
    bind_read_only "$LAB_PROJECT" "$root/usr/src/attache"
  fi

  cd "$root"
  pivot_root . mnt
  umount -l /mnt
  exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --log-target=journal-or-kmsg < /dev/null > /dev/null 2>&1
}

case "$1" in
  outside) outside ;;
  inside) inside ;;
esac
