#!/bin/sh
# The interface as its users compile it. Call: run.sh BUILD, the folder with libnn.so.
#  - every public header alone, as C99 and C++17
#  - target.c as C99, C11, C17 with gcc and clang, plain.cpp as C++17: no warnings; both run
#  - foreign.py, where there is a python3
# A compiler that is not installed is left out.
set -u
build=$1
work=$build/api
strict="-Wall -Wextra -Wpedantic -Werror -Iinclude"
passed=0
mkdir -p "$work"
export LD_LIBRARY_PATH="$build${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

# step WHAT COMMAND...
step() {
    what=$1
    shift
    if ! "$@" >"$work/log" 2>&1; then
        echo "api: $what: FAILED: $*"
        cat "$work/log"
        exit 1
    fi
    passed=$((passed + 1))
}

found=
for pair in gcc:g++ clang:clang++; do
    c=${pair%:*} cxx=${pair#*:}
    if ! command -v $c >/dev/null; then
        echo "api: no $c here; left out"
        continue
    fi
    found=yes
    has_cxx=yes
    echo 'int main() { }' | $cxx -x c++ -std=c++17 -fsyntax-only - 2>/dev/null || has_cxx=
    [ -n "$has_cxx" ] || echo "api: no $cxx here; left out"
    for header in include/nn.h include/nn_files.h include/nn/*.h; do
        echo "#include \"${header#include/}\"" >"$work/alone.c"
        step "$header alone" $c -std=c99 $strict -fsyntax-only "$work/alone.c"
        [ -z "$has_cxx" ] ||
            step "$header alone" $cxx -x c++ -std=c++17 $strict -fsyntax-only "$work/alone.c"
    done
    for std in c99 c11 c17; do
        step "target.c as $std" $c -std=$std $strict -O1 tests/api/target.c -o "$work/target" \
            -L"$build" -lnn
        step "running target.c as $std" "$work/target"
    done
    if [ -n "$has_cxx" ]; then
        step plain.cpp $cxx -std=c++17 $strict tests/api/plain.cpp -o "$work/plain" -L"$build" -lnn
        step "running plain.cpp" "$work/plain"
    fi
done
[ -n "$found" ] || { echo "api: neither gcc nor clang"; exit 1; }

if command -v python3 >/dev/null; then
    step foreign.py python3 tests/api/foreign.py "$build/libnn.so"
else
    echo "api: no python3 here; foreign.py left out"
fi
echo "api: $passed passed, 0 failed"
