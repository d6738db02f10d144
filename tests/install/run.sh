#!/bin/sh
# Installs to a folder of its own and uses what is there like a stranger: C11 and C++17 programs
# built with nothing but pkg-config, dynamic and static, and a CMake project. Then uninstalls.
# Call: MAKE=make run.sh BUILD
set -u
build=$1
work=$(pwd)/$build/install-test
case $build in /*) work=$build/install-test ;; esac
prefix=$work/usr
source=$(pwd)/tests/install
passed=0
rm -rf "$work"
mkdir -p "$work"

step() {
    what=$1
    shift
    if ! "$@" >"$work/log" 2>&1; then
        echo "install: $what: FAILED: $*"
        cat "$work/log"
        exit 1
    fi
    passed=$((passed + 1))
}

step "make install" $MAKE install PREFIX="$prefix"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
export LD_LIBRARY_PATH="$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
version=$(pkg-config --modversion nn)
cd "$work" || exit 1

step "C11" cc -std=c11 -Wall -Wextra -Wpedantic -Werror "$source/program.c" -o c11 \
    $(pkg-config --cflags --libs nn)
step "running C11" ./c11
step "the version of nn.pc" [ "$version" = "$(./c11)" ]
if command -v c++ >/dev/null; then
    step "C++17" c++ -x c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror "$source/program.c" \
        -o cxx17 $(pkg-config --cflags --libs nn)
    step "running C++17" ./cxx17
else
    echo "install: no c++ here; left out"
fi
step "the static library" cc "$source/program.c" -o static $(pkg-config --cflags nn) \
    $(pkg-config --libs --static nn | sed 's/-lnn/-l:libnn.a/')
step "running with the static library" ./static
if [ -f "$prefix/lib/pkgconfig/nn_files.pc" ]; then
    step "libnn_files" cc -std=c11 -Wall -Wextra -Wpedantic -Werror "$source/files.c" -o files \
        $(pkg-config --cflags --libs nn_files)
    step "running with libnn_files" ./files
    step "libnn_files, static" cc "$source/files.c" -o files-static \
        $(pkg-config --cflags nn_files) \
        $(pkg-config --libs --static nn_files | sed 's/-lnn_files/-l:libnn_files.a/; s/-lnn /-l:libnn.a /')
    step "running with libnn_files, static" ./files-static
else
    echo "install: libnn_files was not built; left out"
fi
if command -v cmake >/dev/null; then
    step "configuring with CMake" cmake -S "$source" -B cmake -DCMAKE_PREFIX_PATH="$prefix"
    step "building with CMake" cmake --build cmake
    step "running what CMake built" cmake/outside
else
    echo "install: no cmake here; left out"
fi

for page in man3/libnn.3 man3/nn.3; do
    step "the manual page $page" grep -q '^.SH NAME' "$prefix/share/man/$page"
done
if command -v man >/dev/null; then
    step "man finds nn" man -M "$prefix/share/man" -w 3 nn
fi

cd "$source/../.." || exit 1
step "make uninstall" $MAKE uninstall PREFIX="$prefix"
step "nothing left after uninstall" [ -z "$(find "$prefix" ! -type d)" ]
step "make install with DESTDIR" $MAKE install DESTDIR="$work/stage" PREFIX=/opt/nn
step "the staged library" [ -f "$work/stage/opt/nn/lib/libnn.so.$version" ]
step "nn.pc knows the final place" grep -q '^libdir=/opt/nn/lib$' \
    "$work/stage/opt/nn/lib/pkgconfig/nn.pc"
echo "install: $passed passed, 0 failed"
