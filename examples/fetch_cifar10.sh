#!/bin/sh
# Downloads CIFAR-10 in its binary form and unpacks it to DIR/cifar-10-batches-bin.
#   fetch_cifar10.sh DIR        CIFAR10_URL and CIFAR10_SHA256 say what to get
# Nothing is left half-done: the folder appears complete, or not at all.
set -u
dir=${1:?usage: fetch_cifar10.sh DIR}
target=$dir/cifar-10-batches-bin
work=$dir/.cifar10.$$

fail() {
    echo "cifar10: $*" >&2
    exit 1
}

if [ -f "$target/test_batch.bin" ]; then
    echo "cifar10: $target is already there"
    exit 0
fi
[ -e "$target" ] && fail "$target is in the way: not a complete CIFAR-10 folder; remove it first"
trap 'rm -rf "$work"; rmdir "$dir" 2>/dev/null' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work" 2>/dev/null || fail "$dir: cannot be written"

if command -v curl >/dev/null; then
    if [ -t 2 ]; then show=--progress-bar; else show=-s; fi
    curl -fL $show -o "$work/archive" "$CIFAR10_URL" ||
        fail "$CIFAR10_URL: no download (curl status $?)"
elif command -v wget >/dev/null; then
    wget -q -O "$work/archive" "$CIFAR10_URL" || fail "$CIFAR10_URL: no download (wget status $?)"
else
    fail "needs curl or wget, neither is installed"
fi

sum=$(sha256sum <"$work/archive") && sum=${sum%% *}
[ "$sum" = "$CIFAR10_SHA256" ] || fail "the archive's SHA-256 is $sum, not $CIFAR10_SHA256"
tar -xzf "$work/archive" -C "$work" || fail "the archive cannot be unpacked in $dir"
mv "$work/cifar-10-batches-bin" "$target" || fail "$target: cannot be written"
echo "cifar10: $target is ready"
