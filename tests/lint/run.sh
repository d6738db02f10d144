#!/bin/sh
# All checks of the sources but the format. Call: run.sh BUILD libnn.so [libnn_files.so]
set -u
build=$1
shift
bad=0
check() {
    "$@" || bad=1
}
check awk -f tests/lint/arrows.awk $(find lib -name '*.[ch]' | sort)
check awk -f tests/lint/comments.awk include/nn.h include/nn_files.h include/nn/*.h
check sh tests/lint/symbols.sh "$1" include/nn/*.h
if [ $# -gt 1 ]; then
    check sh tests/lint/symbols.sh "$2" include/nn_files.h
else
    echo "lint: libnn_files is not built; its symbols are skipped"
fi
check sh tests/lint/man.sh "$build"
# What libnn must not need.
if readelf -d "$1" | grep -E 'NEEDED.*lib(z|png|jpeg|nn_files)'; then
    bad=1
fi

if grep -rnE 'TODO|FIXME' include lib examples tests/*.[ch] tests/*/*.[ch] bench docs 2>/dev/null; then
    bad=1
fi
if command -v cppcheck >/dev/null; then
    check cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability \
        --inline-suppr --suppress=missingIncludeSystem --template=gcc \
        -Iinclude -Ilib -DNN_LEVEL=baseline lib
else
    echo "lint: cppcheck is not installed; skipped"
fi
[ $bad = 0 ] && echo "lint: clean"
exit $bad
