#!/bin/sh
# The code in README.md and docs/, compiled and run. Call: run.sh BUILD [PAGE...], BUILD being the
# folder with libnn.so; without pages, all of them. In Markdown that means:
#  - a ```c block with a main is a program: compiled by itself, run, status 0
#  - all other ```c blocks are compiled, one after the other, so that each sees what stands above it
#  - a ```text block after a ```c block is what it prints; of statements also the message of their
#    failure (tests/docs/frame.h has the model and the data that they find)
# and, as a line before the block:
#  <!-- numbers vary -->     of ```text: numbers are not compared; they differ between processors
#  <!-- not run -->          of a program: takes long, or needs files; compiled only
#  <!-- in the library -->   of ```c: parts of files of the library, compiled together
#  <!-- in a list -->        of ```c: an entry of a list in the library, left alone
set -u
build=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- README.md docs/*.md docs/guide/*.md
work=$build/check/docs
cc=${CC:-cc}
strict="-std=c11 -D_POSIX_C_SOURCE=200809L -O1 -Wall -Wextra -Wpedantic -Werror -Iinclude"
quiet="-Wno-unused -Wno-unused-parameter"
libs="-L$build -lnn -lm -pthread"
export LD_LIBRARY_PATH="$build${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
pages=0
programs=0
outputs=0
failed=0

# compile TARGET SOURCE FLAGS...
compile() {
    target=$1 source=$2
    shift 2
    $cc $strict "$@" "$source" -o "$target" $libs
}

# What is compared: the text as it stands, or with every number replaced.
compared() {
    if [ "$1" = vary ]; then
        sed -E 's/[0-9a-f]{8}/#/g; s/[-+]?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?/#/g
                s/ +/ /g; s/#(us|ms|s)/#/g' "$2"
    else
        cat "$2"
    fi
}

# run_block PAGE FOLDER NUMBER LINE KIND OUTPUT
run_block() {
    if [ "$5" = program ]; then
        programs=$((programs + 1))
        compile "$2/$3" "$2/$3.c" || return 1
        set -- "$@" "./$3"
    else
        set -- "$@" "./page $3"
    fi
    [ "$6" != "not" ] || return 0
    (cd "$2" && exec $7 >"$3.got" 2>"$3.err")
    status=$?
    cat "$2/$3.err" >>"$2/$3.got"
    if [ "$status" != 0 ]; then
        echo "$1:$4: status $status"
        cat "$2/$3.got"
        return 1
    fi
    [ "$6" != free ] || return 0
    outputs=$((outputs + 1))
    compared "$6" "$2/$3.want" >"$2/$3.left"
    compared "$6" "$2/$3.got" >"$2/$3.right"
    diff "$2/$3.left" "$2/$3.right" && return 0
    echo "$1:$4: this is not what the text after it says (< the page, > the program)"
    return 1
}

# The parts of files of the library that a page shows.
library_of() {
    [ ! -e "$1/library.c" ] ||
        $cc $strict $quiet -Ilib -Itests -include tests/docs/library.h -fsyntax-only "$1/library.c"
}

rm -rf "$work"
for page; do
    grep -q '^```c$' "$page" || continue
    pages=$((pages + 1))
    folder=$work/$(echo "${page%.md}" | tr / -)
    mkdir -p "$folder"
    if ! awk -v out="$folder" -f tests/docs/blocks.awk "$page" >"$folder/list" ||
        ! compile "$folder/page" "$folder/page.c" -Itests/docs $quiet ||
        ! library_of "$folder"; then
        failed=$((failed + 1))
        continue
    fi
    while read -r number line kind output _; do
        run_block "$page" "$folder" "$number" "$line" "$kind" "$output" </dev/null ||
            failed=$((failed + 1))
    done <"$folder/list"
done
if [ -e "$work/README/1.c" ] && ! sed 1d "$work/README/1.c" | diff - examples/quickstart.c; then
    echo "README.md: its program is not examples/quickstart.c"
    failed=$((failed + 1))
fi
echo "docs: $pages pages with code, $programs programs, $outputs outputs, $failed failed"
[ "$failed" = 0 ]
