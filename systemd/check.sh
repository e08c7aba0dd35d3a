#!/usr/bin/env bash
# Checks the files of this folder with systemd's own tools, without installing or starting anything. Needs systemd 250 or newer
# (Debian: apt-get install systemd); says so and passes where there is none, unless asked for: check.sh --required
set -euo pipefail
cd "$(dirname "$0")"

fail() { printf 'systemd/check.sh: %s\n' "$*" >&2; exit 1; }

if ! command -v systemd-analyze >/dev/null; then
    [ "${1:-}" = --required ] && fail "systemd-analyze is not installed"
    echo "systemd/check.sh: skipped, systemd-analyze is not installed"
    exit 0
fi

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

# The program need not be installed: a stand-in for it.
sed 's|/usr/bin/facegate|/bin/true|' facegate.service >"$room/facegate.service"
said=$(systemd-analyze verify --man=no "$room/facegate.service" 2>&1 | grep -F facegate.service || true)
[ -z "$said" ] || fail "systemd-analyze verify:"$'\n'"$said"

# Exposure from 0 (safe) to 10; --threshold is in tenths.
systemd-analyze security --offline=true --threshold=15 --no-pager "$room/facegate.service" >"$room/exposure" ||
    fail "the service is more exposed than it was:"$'\n'"$(grep -E '✗|Overall' "$room/exposure")"
grep -E 'Overall' "$room/exposure"

# What the ladder stands on, whatever else is changed.
holds() { grep -qxF "$1" facegate.service || fail "facegate.service must say $1"; }
holds 'Type=notify'
holds 'ExecStopPost=/usr/bin/facegate door lock --config /etc/facegate/facegate.toml'
holds 'Restart=always'
holds 'StartLimitIntervalSec=0'
holds 'DevicePolicy=closed'
holds 'MemoryDenyWriteExecute=yes'
grep -qE '^WatchdogSec=[1-9]$' facegate.service || fail "WatchdogSec must be a few seconds"
! grep -qE '^ProtectClock=' facegate.service || fail "ProtectClock cuts off the camera and the GPIO chip"
watchdog=$(sed -n 's/^RuntimeWatchdogSec=//p' 10-facegate-watchdog.conf)
[ "$watchdog" -ge 10 ] && [ "$watchdog" -le 14 ] || fail "RuntimeWatchdogSec must be 10 to 14"

mkdir -p "$room/root/etc"
systemd-sysusers --dry-run --root="$room/root" "$PWD/facegate.sysusers" >/dev/null 2>&1 || fail "facegate.sysusers"

# udevadm verify exists since systemd 254.
if command -v udevadm >/dev/null && udevadm verify --help >/dev/null 2>&1; then
    udevadm verify --no-style "$PWD/60-facegate.rules" || fail "60-facegate.rules"
else
    echo "not checked: 60-facegate.rules (needs udevadm of systemd 254)"
fi
echo "systemd/check.sh: good"
