#!/usr/bin/env bash
# Rungs 4 and 5 of the relay-off ladder under a running systemd, with the shipped unit: in the emulated machine of check.sh, the gate opens
# for a person of a replayed picture, and is killed (SIGKILL), hung (SIGSTOP) and stopped while the line is active.
#
#   systemd/machine/service.sh MODELS PICTURE      a folder with manifest.toml, a picture with one face
#
# Needs what check.sh needs, a kernel that check.sh has fetched, and this machine's own systemd.
set -euo pipefail
models=$(realpath "$1") picture=$(realpath "$2")
cd "$(dirname "$0")/../.."
here=systemd/machine
room=${CARGO_TARGET_DIR:-target}/machine
facegate=${FACEGATE:-target/debug/facegate}
root=$room/service-root
rm -rf "$root" && mkdir -p "$root"/{bin,dev,proc,sys,mnt,pictures,check,etc/facegate,etc/systemd,usr/bin,usr/lib/sysusers.d,usr/share/facegate/models,var/lib/facegate,lib/systemd/system}

with_libraries() { # program, where
    install -D -m 755 "$1" "$root$2"
    ldd "$1" | grep -o '/[^ ]*' | while read -r lib; do [ -e "$root$lib" ] || install -D "$lib" "$root$lib"; done
}
install -m 755 "$room/busybox/bin/busybox" "$root/bin/busybox"
install -m 755 $here/service-init "$root/init"
install -m 755 $here/service-check "$root/check/run"
strip -o "$room/facegate" "$facegate"
with_libraries "$room/facegate" /usr/bin/facegate
for program in /lib/systemd/systemd /lib/systemd/systemd-journald; do with_libraries $program $program; done
for program in systemctl journalctl systemd-sysusers; do with_libraries "$(command -v $program)" /bin/$program; done

# Of systemd's own units only what a service needs.
for unit in sysinit.target basic.target local-fs.target local-fs-pre.target swap.target sockets.target timers.target paths.target slices.target \
    shutdown.target umount.target multi-user.target systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket; do
    cp /lib/systemd/system/$unit "$root/lib/systemd/system/"
done
printf '[Unit]\nRequires=systemd-journald.service facegate.service check.service\n' >"$root/lib/systemd/system/check.target"
printf '[Service]\nType=simple\nExecStart=/check/run\nStandardOutput=tty\nStandardError=tty\nTTYPath=/dev/ttyS0\n' >"$root/lib/systemd/system/check.service"
cp systemd/facegate.service "$root/lib/systemd/system/"
# Loading nets takes an emulated processor a minute and more; nothing else of the unit is changed.
mkdir -p "$root/etc/systemd/system/facegate.service.d"
printf '[Service]\nTimeoutStartSec=600\n' >"$root/etc/systemd/system/facegate.service.d/slow.conf"
cp systemd/facegate.sysusers "$root/usr/lib/sysusers.d/facegate.conf"
printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"
printf 'ID=check\nNAME=check\n' >"$root/etc/os-release"
printf '%032d\n' 1 >"$root/etc/machine-id"

# The gate's own: a permit that outlives the trial, so that only a lock can end it, and time enough for an emulated processor.
cp "$models"/manifest.toml "$models"/*.onnx "$root/usr/share/facegate/models/"
cp "$picture" "$root/pictures/"
cat >"$root/etc/facegate/facegate.toml" <<'TOML'
[camera]
driver = "replay"
path = "/pictures"
repeat = true
fps = 1
stall_ms = 60000
[models]
dir = "/usr/share/facegate/models"
[recognise]
stall_ms = 60000
[liveness]
enabled = false
[visit]
votes = 1
looks = 5
look_ms = 60000
gap_ms = 60000
cooldown_ms = 0
[door]
chip = "AMDI0030:00"
unlock_ms = 60000
max_unlock_ms = 60000
TOML
"$room/facegate" --data "$root/var/lib/facegate" --models "$models" --config "$root/etc/facegate/facegate.toml" enroll Ann --image "$picture"

(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$room/service.cpio.gz"
iasl -p "$room/gpio" $here/gpio.asl >/dev/null 2>&1
timeout 1500 qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m 2048 -nic none -nographic -no-reboot \
    -kernel "$room"/kernel/boot/vmlinuz-* -initrd "$room/service.cpio.gz" -acpitable file="$room/gpio.aml" \
    -append 'console=ttyS0 quiet panic=-1 memmap=1M$0x0F000000 systemd.unit=check.target systemd.show_status=0' |
    tee "$room/service-said" | sed -n 's/\r//; /[0-9]-amd64/,$p'
grep -q '^machine: all good' "$room/service-said"
