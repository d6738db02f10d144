#!/bin/sh
# Counts the instructions of BUILD/bench/check, item by item, and compares them with what is expected.
# Call: run.sh BUILD [--update] [COMMIT], with the compiler in $CC and make in $MAKE.
#
# Counts depend on the compiler. bench/check/expected says whose they are; with another compiler, and
# where a COMMIT is named, the expectations are those of that commit (else of the one that wrote the
# file last), built here and now by the same compiler.
#
# Status 1: an item takes more than 10 % more instructions, or is on one side only.
set -eu
build=$1
shift
update=
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
base=${1:-}
file=bench/check/expected
work=$build/check/counts

fail() {
    echo "bench-check: $*" >&2
    exit 1
}

case $(uname -m) in
x86_64)
    level=avx2 # callgrind knows no AVX-512
    grep -qw avx2 /proc/cpuinfo || fail "this processor has no AVX2, whose kernels are counted"
    ;;
*) level=baseline ;;
esac
version=$($CC -dumpversion)
case $($CC --version) in
*clang*) compiler="clang ${version%%.*} $level" ;;
*) compiler="gcc ${version%%.*} $level" ;;
esac

# count PROGRAM FOLDER: a line "instructions name" per item.
count() {
    rm -rf "$2"
    mkdir -p "$2"
    NN_CPU=$level OMP_NUM_THREADS=1 valgrind --tool=callgrind --toggle-collect=check_work \
        --dump-after=check_work --callgrind-out-file="$2/out" "$1" >"$2/names" 2>"$2/log" ||
        { tail -n 20 "$2/log" >&2; fail "$1 under callgrind: see above"; }
    i=0
    while read -r name; do
        i=$((i + 1))
        echo "$(sed -n 's/^\(totals\|summary\): //p' "$2/out.$i" | head -n 1) $name"
    done <"$2/names"
}

# The commit's program, from its own sources.
build_base() {
    rm -rf "$work/base"
    mkdir -p "$work/base"
    git archive "$1" | tar -x -C "$work/base" || fail "$1: not a commit of this repository"
    [ -f "$work/base/$file" ] || fail "$1: has no bench/check to compare with"
    $MAKE -C "$work/base" BLAS=builtin CC="$CC" "$build/bench/check" >"$work/base.log" 2>&1 ||
        { tail -n 20 "$work/base.log" >&2; fail "$1 does not build: see above"; }
}

mkdir -p "$work"
count "$build/bench/check" "$work/now" >"$work/measured"
if [ -n "$update" ]; then
    { echo "# $compiler" && cat "$work/measured"; } >$file
    echo "bench-check: $(grep -vc '^#' $file) expectations of $compiler are in $file"
    exit 0
fi

theirs=$(sed -n 's/^# //p' $file)
if [ -z "$base" ] && [ "$theirs" != "$compiler" ]; then
    base=$(git log -1 --format=%h -- $file 2>/dev/null) && [ -n "$base" ] ||
        fail "expectations are of $theirs, this is $compiler, and without git there is no AGAINST=COMMIT"
    echo "bench-check: expectations are of $theirs, this is $compiler: building commit $base, which wrote them"
fi
if [ -n "$base" ]; then
    build_base "$base"
    count "$work/base/$build/bench/check" "$work/then" >"$work/expected"
else
    grep -v '^#' $file >"$work/expected"
fi

awk -v who="${base:+commit $base, }$compiler" '
    { count = $1; sub(/^[0-9]+ /, "") }
    NR == FNR { expected[$0] = count; next }
    FNR == 1 { printf "%-42s %13s %13s  ratio   (%s)\n", "instructions of", "expected", "measured", who }
    !($0 in expected) { printf "%-42s %13s %13d         NEW\n", $0, "-", count; bad++; next }
    {
        ratio = count / expected[$0]
        note = ratio > 1.1 ? "  LOSS" : ratio < 0.9 ? "  gain" : ""
        bad += ratio > 1.1
        gains += ratio < 0.9
        printf "%-42s %13d %13d  %.3f%s\n", $0, expected[$0], count, ratio, note
        delete expected[$0]
    }
    END {
        for (name in expected) {
            printf "%-42s %13d %13s         GONE\n", name, expected[name], "-"
            bad++
        }
        if (gains)
            printf "bench-check: %d gained more than 10 %%; make bench-check UPDATE=1 expects that from now on\n", gains
        printf "bench-check: %s\n", bad ? bad " lost more than 10 %, are new or gone" : "passed"
        exit bad > 0
    }' "$work/expected" "$work/measured"
