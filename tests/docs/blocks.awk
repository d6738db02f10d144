# The fenced blocks of a page of Markdown, for run.sh. Call: awk -v out=FOLDER -f blocks.awk PAGE
#
# Writes page.c (every ```c block in order: a program with its main under another name, definitions
# as they stand, statements in a function of their own), N.c for each program, N.want for a ```text
# block that comes next after block N, and library.c (the blocks of files of the library). Prints a
# line per block that is to be run: number, line of the page, "program" or "statements", and "exact",
# "vary", "free" or "not run" for its output.

function fail(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text >"/dev/stderr"
    exit 1
}

# The kind of the block in body[1..lines].
function kind_of(i) {
    for (i = 1; i <= lines; i++)
        if (body[i] ~ /^int main\(/)
            return "program"
    for (i = 1; i <= lines; i++)
        if (body[i] ~ /^(typedef|#define|#include) |^static [^=;]*\(/)
            return "definitions"
    return "statements"
}

function put(file, i) {
    printf "#line %d \"%s\"\n", first, FILENAME >file
    for (i = 1; i <= lines; i++)
        print body[i] >file
}

function code() {
    kind = kind_of()
    last = ++count
    if (kind == "program") {
        put(out "/" count ".c")
        close(out "/" count ".c")
        printf "#undef main\n#define main main_%d\n", count >page
        put(page)
        printf "#undef main\n" >page
    } else if (kind == "definitions") {
        put(page)
        last = 0
    } else {
        printf "STATEMENTS(block_%d)\n{{\n", count >page
        put(page)
        printf "}}\n" >page
    }
    how[count] = kind
    where[count] = first
    what[count] = mark == "not run" ? "not run" : "free"
}

function text(i) {
    if (!last)
        return
    what[last] = mark == "numbers vary" ? "vary" : "exact"
    printf "" >(out "/" last ".want")
    for (i = 1; i <= lines; i++)
        print body[i] >(out "/" last ".want")
    close(out "/" last ".want")
}

BEGIN {
    page = out "/page.c"
    library = out "/library.c"
    print "#include \"frame.h\"" >page
}

!fence && /^<!-- .* -->$/ {
    mark = substr($0, 6, length($0) - 9)
    if (mark !~ /^(not run|numbers vary|in the library|in a list)$/)
        fail("a mark that tests/docs does not know")
    next
}
!fence && /^```/ { fence = 1; language = substr($0, 4); first = FNR + 1; lines = 0; next }
fence && /^```$/ {
    fence = 0
    if (language == "c" && mark == "in the library")
        put(library)
    else if (language == "c" && mark != "in a list")
        code()
    else if (language == "text") {
        text()
        last = 0
    }
    mark = ""
    next
}
fence { body[++lines] = $0 }

END {
    if (fence)
        fail("the last block has no end")
    printf "RUN_BLOCKS(" >page
    for (i = 1; i <= count; i++)
        if (how[i] == "statements" && what[i] != "free")
            printf "%sBLOCK(%d)", more++ ? " " : "", i >page
    print ")" >page
    for (i = 1; i <= count; i++)
        if (how[i] == "program" || how[i] == "statements" && what[i] != "free")
            print i, where[i], how[i], what[i]
}
