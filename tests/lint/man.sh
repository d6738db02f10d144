#!/bin/sh
# The manual pages: their options are those of the programs' --help, every program with options has
# a page, libnn(3) knows all headers and status codes, and mandoc finds nothing to say.
# Call: man.sh BUILD
set -u
build=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0
complain() {
    echo "$*"
    bad=1
}

for page in docs/man/*.1; do
    name=${page##*/}
    name=${name%.1}
    program=$build/examples/$name
    [ -x "$program" ] || program=$build/bench/$name
    [ -x "$program" ] || program=examples/$name
    [ -x "$program" ] || { complain "$page: there is no program $name"; continue; }
    # Its own --help need not be in --help.
    { echo --help; "$program" --help | grep -oE '^ +--[a-z0-9-]+' | tr -d ' '; } | sort -u >"$work/help"
    awk '/^\.SH/ {options = /OPTIONS/} options && entry {print $2} {entry = /^\.TP/}' "$page" |
        tr -d '\\' | sort -u >"$work/page"
    for option in $(comm -23 "$work/help" "$work/page"); do
        complain "$page: lacks $option of $name --help"
    done
    for option in $(comm -13 "$work/help" "$work/page"); do
        complain "$page: has $option, which $name --help does not"
    done
    sed -n '/^\.SH NAME/{n;p}' "$page" | grep -qE "(^|, )$name(,| )" ||
        complain "$page: NAME lacks $name"
done

for source in $(grep -lE 'options_read\(|example_begin\(|"--help"' examples/*.c examples/*.cpp bench/main.c) \
    examples/*.py; do
    name=${source##*/}
    name=${name%.c}
    name=${name%.cpp}
    case $name in common) continue ;; main) name=nn_bench ;; esac
    [ -f "docs/man/$name.1" ] || complain "docs/man: lacks a page of $name"
done

for word in $(cd include && ls nn.h nn_files.h nn/*.h) \
    $(grep -oE 'XX\(NN_[A-Z]+' include/nn/base.h |
    cut -c4-); do
    grep -qw "$word" docs/man/libnn.3 || complain "docs/man/libnn.3: lacks $word"
done

if command -v mandoc >/dev/null; then # the pages bear no date
    mandoc -T lint -W warning docs/man/*.[13] | grep -v 'missing date' && bad=1
else
    echo "lint: mandoc is not installed; skipped"
fi
exit $bad
