#!/bin/sh
# Writes src/bindings.rs from the kernel's header. Needs bindgen (cargo install bindgen-cli) and libclang; only for a change of the
# bindings, never for a build. x86_64 and aarch64 give the same file; 32-bit ARM would not.
set -eu
cd "$(dirname "$0")"
header=$(mktemp --suffix=.h)
trap 'rm -f "$header"' EXIT
echo '#include <linux/videodev2.h>' > "$header"
bindgen "$header" --no-layout-tests --no-doc-comments --default-enum-style consts --rust-target 1.82 --rust-edition 2021 \
  --allowlist-type 'v4l2_.*|time_t|timeval' --allowlist-var 'V4L2_(CID|CTRL|BUF|CAP|FMT|IN|OUT|MODE|FRM|FIELD|MEMORY|PIX|TC).*' \
  --output src/bindings.rs
