#!/bin/sh
# Is every public name in the reference, with words? Knows nothing of how it is made: names come from
# the libraries and from the headers' code.
# Call: docs.sh XML-FOLDER LIBRARY...
set -u
xml=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# What is documented: "name +" where there are words, "name -" where there are none. Structs hold members,
# enums hold values; each has its name before what it holds and its description behind it.
cat "$xml"/*.xml | awk '
    function plain(text) {
        gsub(/<[^>]*>|[ \t\n]/, "", text)
        return text
    }
    /<(compounddef|memberdef|enumvalue) / {
        name[++level] = words[level] = ""
        counts[level] = !/<compounddef/ || /kind="struct"/
    }
    level > 0 && name[level] == "" && /<(name|compoundname)>/ { name[level] = plain($0) }
    /<(brief|detailed)description>/ { reading = 1 }
    reading { words[level] = words[level] plain($0) }
    /<\/(brief|detailed)description>/ { reading = 0 }
    /<\/(compounddef|memberdef|enumvalue)>/ {
        if (counts[level])
            print name[level], (words[level] == "" ? "- " name[level - 1] : "+")
        level--
    }' | sort -u >"$work/documented"

# Public names: what the libraries export, and every name in the code of the headers that is theirs.
for library in "$@"; do
    nm -D --defined-only "$library" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}'
done >"$work/names"
cat include/nn.h include/nn_files.h include/nn/*.h | tr '\n' ' ' |
    sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/| |g' >"$work/code" # without comments
# Not theirs: guards, a flag of the test build, the halves of a name, a macro that is undefined again.
grep -oE '\b(nn|NN)_[A-Za-z0-9_]+' "$work/code" | grep -vxE \
    'NN_([A-Z]+_)?H|NN_REAL_IS_DOUBLE|NN_INIT_|NN_STATUS_ENUM' >>"$work/names"

sort -u "$work/names" >"$work/public"
count=$(wc -l <"$work/public")
[ "$count" -gt 500 ] || { echo "docs: only $count public names found"; exit 1; }
bad=0
awk '$2 == "+" {print $1}' "$work/documented" | sort -u | comm -23 "$work/public" - >"$work/missing"
sed 's/^/docs: no words for the public name /' "$work/missing"
[ -s "$work/missing" ] && bad=1
awk '$2 == "-" {print "docs: no words for " $1 " of " $3; bad = 1} END {exit bad}' "$work/documented" ||
    bad=1
[ "$bad" = 0 ] && echo "docs: $count public names, every one described"
exit $bad
