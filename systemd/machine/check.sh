#!/usr/bin/env bash
# Runs tests/real_chip.rs on a GPIO chip of a real kernel, in an emulated machine: Debian's kernel has pinctrl-amd built in, a table of ours
# (gpio.asl) tells it of one, and its registers are a piece of memory that the kernel is told to leave alone. No Raspberry Pi: what its
# pin controllers do on release is not shown by this.
#
#   apt-get install qemu-system-x86 acpica-tools cpio     and then, as anybody: systemd/machine/check.sh
#
# Takes half a minute after the first time. Emulates the processor too, so that it needs no /dev/kvm.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=systemd/machine
room=${CARGO_TARGET_DIR:-target}/machine
mkdir -p "$room"

for tool in qemu-system-x86_64 iasl cpio; do
    command -v $tool >/dev/null || { echo "$here/check.sh: $tool is missing (see the head of this file)" >&2; exit 1; }
done

# A kernel and a shell, once.
if ! ls "$room"/kernel/boot/vmlinuz-* >/dev/null 2>&1; then
    kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: //p')
    (cd "$room" && apt-get download "$kernel" busybox-static)
    dpkg-deb -x "$room"/linux-image-*.deb "$room/kernel"
    dpkg-deb -x "$room"/busybox-static_*.deb "$room/busybox"
fi

cargo test --no-run --test real_chip
test=$(cargo test --no-run --test real_chip --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*real_chip[^"]*\)".*/\1/p' | tail -1)

rm -rf "$room/root" && mkdir -p "$room"/root/{bin,dev,proc,sys}
install -m 755 "$room/busybox/bin/busybox" "$room/root/bin/busybox"
install -m 755 $here/init "$room/root/init"
strip -o "$room/root/real_chip" "$test"
ldd "$test" | grep -o '/[^ ]*' | while read -r lib; do install -D "$lib" "$room/root$lib"; done
(cd "$room/root" && find . | cpio --quiet -o -H newc | gzip -1) >"$room/root.cpio.gz"
iasl -p "$room/gpio" $here/gpio.asl >/dev/null 2>&1

timeout 300 qemu-system-x86_64 -accel tcg -cpu max -m 512 -nic none -nographic -no-reboot \
    -kernel "$room"/kernel/boot/vmlinuz-* -initrd "$room/root.cpio.gz" -acpitable file="$room/gpio.aml" \
    -append 'console=ttyS0 quiet panic=-1 memmap=1M$0x0F000000' | tee "$room/said" | sed -n 's/\r//; /[0-9]-amd64/,$p'
grep -q '^machine: all good' "$room/said"
