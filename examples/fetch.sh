#!/bin/sh
# Downloads a published data set and checks it.
#   fetch.sh NAME FOLDER WITNESS ADDRESS SUM [ADDRESS SUM]...
# Each address is a file that is put into FOLDER, or a .tar.gz that is unpacked and has a folder of
# that name inside. A sum is the file's MD5 or SHA-256. WITNESS is a file that a complete FOLDER has.
# Nothing is left half-done: the folder appears complete, or not at all.
set -u
name=${1:?usage: fetch.sh NAME FOLDER WITNESS ADDRESS SUM...} target=$2 witness=$3
shift 3
dir=$(dirname "$target")
work=$dir/.$name.$$

fail() {
    echo "$name: $*" >&2
    exit 1
}

# download ADDRESS FILE
download() {
    case $1 in
    file:/*)
        cp "${1#file:}" "$2" 2>/dev/null || fail "$1: no such file"
        return
        ;;
    esac
    if command -v curl >/dev/null; then
        if [ -t 2 ]; then show=--progress-bar; else show=-s; fi
        curl -fL $show -o "$2" "$1" || fail "$1: no download (curl status $?)"
    elif command -v wget >/dev/null; then
        wget -q -O "$2" "$1" || fail "$1: no download (wget status $?)"
    else
        fail "needs curl or wget, neither is installed"
    fi
}

# check FILE SUM
check() {
    if [ ${#2} = 32 ]; then kind=MD5; else kind=SHA-256; fi
    if [ $kind = MD5 ]; then sum=$(md5sum <"$1"); else sum=$(sha256sum <"$1"); fi
    [ "${sum%% *}" = "$2" ] || fail "${1##*/}'s $kind is ${sum%% *}, not $2"
}

if [ -f "$target/$witness" ]; then
    echo "$name: $target is already there"
    exit 0
fi
[ -e "$target" ] && fail "$target is in the way: it has no $witness; remove it first"
trap 'rm -rf "$work"; rmdir "$dir" 2>/dev/null' EXIT
trap 'exit 1' HUP INT TERM
new=$work/$(basename "$target")
mkdir -p "$work/archives" "$new" 2>/dev/null || fail "$dir: cannot be written"

while [ $# -gt 1 ]; do
    file=${1##*/} file=${file%%\?*}
    case $file in
    *.tar.gz)
        download "$1" "$work/archives/$file"
        check "$work/archives/$file" "$2"
        tar -xzf "$work/archives/$file" -C "$work" || fail "$file cannot be unpacked in $dir"
        ;;
    *)
        download "$1" "$new/$file"
        check "$new/$file" "$2"
        ;;
    esac
    shift 2
done
[ -f "$new/$witness" ] || fail "what came has no $witness"
mv "$new" "$target" || fail "$target: cannot be written"
echo "$name: $target is ready"
