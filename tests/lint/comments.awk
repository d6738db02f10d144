# Half or more of a public header's lines that are not blank are, or carry, words: comments.
# Call: awk -f comments.awk include/nn/*.h

function report() {
    if (file != "" && words * 2 < lines) {
        printf "%s: %d of %d lines carry comments, fewer than half\n", file, words, lines
        bad = 1
    }
}

FNR == 1 { report(); file = FILENAME; words = lines = inside = 0 }
/^[ \t]*$/ { next }
/^#(ifndef|ifdef|endif|define NN_[A-Z]+_H|if )|^extern "C" \{|^}$/ { next }
{
    lines++
    if (inside || /\/\*/)
        words++
    if (/\/\*/)
        inside = 1
    if (/\*\//)
        inside = 0
}
END { report(); exit bad }
