# Starts a Docker engine in the pseudo-host, in a view of the files of its own, and makes an image.
# Run by nslab/course/docker/__init__.py; stdout and stderr are shown if it fails.
set -eu
docker version >/dev/null 2>&1 && exit 0
D=/run/nslab/docker
chmod +x $D/runc
busybox=$(command -v busybox)
if ldd "$busybox" >/dev/null 2>&1; then
    echo "$busybox needs libraries that the image would not have: apt-get install busybox-static" >&2
    exit 1
fi

# A mount namespace of its own: /etc/docker may be another user's, and control groups must be there,
# read-only, so that nothing is ever made in the machine's.  Where the machine has them of the first
# version too, an empty list of them will do; else runc asks for those of the second, mounted.  A
# lab of root's has them, and may have no others; an ordinary user's takes a namespace of them.
cgroup=
if ! grep -q ' - cgroup ' /proc/self/mountinfo; then
    cgroup=--cgroup
    [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || [ -w /sys/fs/cgroup ] || cgroup=there
fi
cat >$D/start <<'END'
mkdir -p /etc/docker
mount -t tmpfs none /etc/docker
if [ "$1" != there ]; then
    if [ -z "$1" ] || ! mount -t cgroup2 none /sys/fs/cgroup; then
        mount -t tmpfs none /sys/fs/cgroup
        for name in cpu cpuacct cpuset memory devices freezer blkio pids systemd; do
            mkdir /sys/fs/cgroup/$name
        done
    fi
    mount -o remount,bind,ro /sys/fs/cgroup
fi
exec dockerd --add-runtime lab=/run/nslab/docker/runc --default-runtime lab --group 0 \
    --storage-driver vfs --exec-opt native.cgroupdriver=cgroupfs \
    --data-root /run/nslab/docker/data --exec-root /run/docker --pidfile /run/nslab/docker/pid \
    -H unix:///run/docker.sock
END
# The engine's own mounts below /run are seen by the host, as elsewhere: /run/docker/netns.
mount --make-shared /run
setsid unshare --mount ${cgroup#there} --propagation unchanged sh $D/start "$cgroup" >$D/log 2>&1 </dev/null &
engine=$!
for _ in $(seq 300); do
    docker version >/dev/null 2>&1 && break
    kill -0 $engine 2>/dev/null || break
    sleep 0.1
done
if ! docker version >/dev/null 2>&1; then
    grep -E 'level=(error|fatal)|failed|cannot' $D/log | tail -1 >&2
    exit 1
fi

mkdir -p $D/image/bin $D/image/tmp
cp "$busybox" $D/image/bin/busybox
for name in $("$busybox" --list | grep -vx busybox); do ln -s busybox "$D/image/bin/$name"; done
tar -C $D/image -c . | docker import - busybox >/dev/null
rm -r $D/image
