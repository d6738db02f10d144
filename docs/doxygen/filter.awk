# The public headers as Doxygen wants them (INPUT_FILTER). Their comments are plain text, laid out
# for an editor, and this is all that makes reference pages of them:
#
#   /* ---- Title ---- */          begins a page of the header's page; its text stands at the top
#   a comment on lines of its own  is of the declarations under it, up to the next empty line
#   a comment at a line's end      is of the field or value on the line
#
# Lines that are indented or set in columns keep their layout, the rest flows. Names of the library
# become links. What follows from the rules in nn/base.h is not written in the headers but said here:
# struct_size, which options belong to which function, macros with keyword arguments.

function without_comments(text,    at, end) {
    while ((at = index(text, "/*")) > 0) {
        end = index(substr(text, at), "*/")
        text = substr(text, 1, at - 1) " " substr(text, at + end + 1)
    }
    return text
}

# All names in the code of the headers; which functions take which options; the macro of a function.
function read_names(    file, line, text, part, name, options) {
    while (("ls include/nn.h include/nn_files.h include/nn/*.h" | getline file) > 0) {
        sub(/^include\//, "", file)
        headers[file] = 1
        while ((getline line < ("include/" file)) > 0)
            text = text line "\n"
        close("include/" file)
    }
    text = without_comments(text)
    gsub(/[ \t\\]*\n[ \t]*/, " ", text)
    part = text
    while (match(part, /nn_[a-z0-9_]+\( ?(const )?nn_[a-z0-9_]+_options \*options\)/)) {
        name = options = substr(part, RSTART, RLENGTH)
        sub(/\(.*/, "", name)
        sub(/.*\( ?(const )?/, "", options)
        sub(/ .*/, "", options)
        options_of[name] = options
        users[options] = users[options] (users[options] == "" ? "" : " ") name
        part = substr(part, RSTART + RLENGTH)
    }
    part = text
    while (match(part, /#define nn_[a-z0-9_]+\([a-z., ]*\) nn_[a-z0-9_]+\(/)) {
        line = substr(part, RSTART, RLENGTH)
        split(line, word, /[ (]+/)
        name = line
        sub(/\($/, "", name)
        sub(/.* /, "", name)
        macro_of[name] = word[2]
        part = substr(part, RSTART + RLENGTH)
    }
    part = text
    while (match(part, /(nn|NN)_[A-Za-z0-9_]+/)) {
        names[substr(part, RSTART, RLENGTH)] = 1
        part = substr(part, RSTART + RLENGTH)
    }
    delete names["NN_REAL_IS_DOUBLE"]
    delete names["NN_INIT_"]
}

function group_of(file) {
    gsub(/[^a-z]/, "_", file)
    return "in_" file
}

function escaped(text,    i, c, out) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        out = out (c == "<" ? "&lt;" : c == ">" ? "&gt;" : c == "&" ? "&amp;" : \
                   index("\\@#%\"$", c) ? "\\" c : c)
    }
    return out
}

function reference(name) {
    return "@ref " name " \"" name "\""
}

# Names of the library and of its headers as links, everything else escaped.
function linked(text,    out, word) {
    while (match(text, /nn(\/[a-z]+|_files)?\.h|[A-Za-z_][A-Za-z0-9_]*/)) {
        word = substr(text, RSTART, RLENGTH)
        out = out escaped(substr(text, 1, RSTART - 1))
        if (word in headers)
            out = out (word == "nn.h" ? "nn.h" : "@ref " group_of(word) " \"" word "\"")
        else
            out = out (word in names ? reference(word) : escaped(word))
        text = substr(text, RSTART + RLENGTH)
    }
    return out escaped(text)
}

# Running text: `name` is set as code.
function flowing(text,    part, count, i, out) {
    count = split(text, part, "`")
    for (i = 1; i <= count; i++)
        out = out (i % 2 ? linked(part[i]) : "<code>" linked(part[i]) "</code>")
    return out
}

function trimmed(text) {
    sub(/^[ \t]+/, "", text)
    sub(/[ \t]+$/, "", text)
    return text
}

function is_set(line) { # as in columns: "a   b", not "end.  Begin"
    return line ~ /^ / || line ~ /[^ .]  +[^ ]/
}

# doc[1..lines] as the text of a Doxygen block. Its first sentence is the brief, if asked.
function block(brief,    i, out, text, at) {
    out = ""
    for (i = 1; i <= lines; ) {
        if (doc[i] == "") {
            i++
        } else if (doc[i] ~ /^ ?- /) {
            text = doc[i++]
            sub(/^ ?- /, "", text)
            while (i <= lines && doc[i] ~ /^ / && doc[i] !~ /^ ?- /)
                text = text " " trimmed(doc[i++])
            out = out "\n- " flowing(text)
        } else if (is_set(doc[i])) {
            text = ""
            for (; i <= lines && doc[i] != "" && is_set(doc[i]); i++)
                text = text linked(doc[i]) "\n"
            out = out "\n<pre class=\"set\">" text "</pre>\n"
            brief = 0
        } else {
            text = doc[i++]
            while (i <= lines && doc[i] != "" && doc[i] !~ /^ ?- / && !is_set(doc[i]))
                text = text " " doc[i++]
            if (brief && (at = match(text, /\. +[A-Z]/)) > 0)
                out = "@brief " flowing(substr(text, 1, at)) "\n\n" flowing(trimmed(substr(text, at + 1)))
            else
                out = out (brief ? "@brief " : "\n\n") flowing(text)
            brief = 0
        }
    }
    return out
}

# A comment at the outer level is complete.
function comment_ended() {
    while (lines > 0 && doc[lines] == "")
        lines--
    while (lines > 0 && doc[1] ~ /^ /) { # "  text" throughout is text
        for (i = 1; i <= lines; i++)
            if (doc[i] != "" && doc[i] !~ /^ /)
                break
        if (i <= lines)
            break
        for (i = 1; i <= lines; i++)
            sub(/^ /, "", doc[i])
    }
    if (first) {
        first = 0
        if (header == "nn.h")
            print_main_page()
        else
            print "/** @addtogroup " group "\n" block(1) "\n*/\n/** @file\n" \
                  "The declarations in their order; " reference(group) " explains them. */"
        fresh = lines = 0
    } else if (title != "") {
        section = group "_" ++sections
        print "/** @defgroup " section " " escaped(title) "\n@ingroup " group "\n" block(0) "\n*/"
        title_of_section = title
        title = ""
        of_section = 1
        fresh = lines > 0
    } else {
        of_section = 0
        fresh = 1
    }
}

# nn.h: what the library is, its headers in reading order, the program of the README.
function print_main_page(    i, name) {
    print "/** @mainpage"
    print block(0)
    print "\n@section program A program\n\n@include quickstart.c"
    print "*/"
    for (i = 1; i <= lines; i++)
        if (match(doc[i], /^  nn(\/[a-z]+|_files)\.h /)) {
            name = trimmed(substr(doc[i], RSTART, RLENGTH))
            print "/** @defgroup " group_of(name) " " name " */"
        }
    print "/** @file\nIncludes all headers of libnn. */"
}

function add(line) {
    sub(/[ \t]+$/, "", line)
    sub(/^ \*/, "", line)
    sub(/^ /, "", line)
    if (match(line, /^---- .* -+$/)) {
        title = trimmed(substr(line, 5))
        sub(/ -+$/, "", title)
        return
    }
    if (line != "" || lines > 0)
        doc[++lines] = line
}

# The function, and its macro if it has one, as links.
function called(name) {
    return reference(name) (name in macro_of ? " and " reference(macro_of[name]) : "")
}

function print_block(text) {
    print "/** @ingroup " (section == "" ? group : section) "\n" text "\n*/"
}

# What the rules say of a declaration without a comment; "" where they say nothing.
function by_rule(line, rest,    name, part, count, i, out) {
    if (match(line, /^typedef struct nn_[a-z0-9_]+_options \{/)) {
        name = line
        gsub(/^typedef struct | \{.*/, "", name)
        count = split(users[name], part, " ")
        for (i = 1; i <= count; i++)
            out = out (i == 1 ? "" : ", ") called(part[i])
        return count > 0 ? "@brief The options of " out "." : ""
    }
    if (line ~ /^#define nn_[a-z0-9_]+\(/) {
        if (match(rest, /nn_[a-z0-9_]+\( *NN_OPTIONS\(nn_[a-z0-9_]+,/)) {
            split(substr(rest, RSTART, RLENGTH), part, /[(,] */)
            return "@brief " reference(part[1]) " with keyword arguments, the fields of " \
                   reference(part[3]) ". C only."
        }
        if (match(rest, /nn_[a-z0-9_]+\(NULL\)/)) {
            split(substr(rest, RSTART, RLENGTH), part, "(")
            return "@brief " reference(part[1]) " without options. C only."
        }
    }
    if (section != "" && line ~ /^NN_API / && match(line, /nn_[a-z0-9_]+\(/)) {
        name = substr(line, RSTART, RLENGTH - 1)
        if (name in options_of)
            return "@brief " (name ~ /_new$/ ? "The constructor: " : "") escaped(title_of_section) \
                   ", described at the top of this page."
    }
    return ""
}

function print_declared(line, rest,    rule) {
    if (line !~ /^(NN_API|typedef|enum|#define)/)
        return
    rule = by_rule(line, rest)
    if (rule != "" && (line ~ /^typedef struct/ || lines == 0 || of_section || line ~ /^#define/))
        print_block(rule)
    else if (lines > 0)
        print_block(block(1))
}

BEGIN { read_names() }

FNR == 1 {
    first = 1
    header = FILENAME
    sub(/.*include\//, "", header)
    group = group_of(header)
    section = ""
}

{ line = $0 }

inside {
    if ((at = index(line, "*/")) > 0) {
        add(substr(line, 1, at - 1))
        inside = 0
        comment_ended()
    } else
        add(line)
    next
}

depth == 0 && line ~ /^\/\*/ {
    lines = 0
    title = ""
    line = substr(line, 3)
    if ((at = index(line, "*/")) > 0) {
        add(substr(line, 1, at - 1))
        comment_ended()
    } else {
        if (line != "")
            add(line)
        inside = 1
    }
    next
}

depth == 0 && (line == "extern \"C\" {" || line == "}" || line ~ /^#(if|else|endif|undef)/) {
    print
    next
}

depth == 0 && line == "" {
    if (!fresh)
        lines = of_section = 0
    fresh = 0
    print
    next
}

# A macro with its lines; one that stands for fields is kept for the structs that use it.
depth == 0 && line ~ /^#define/ {
    all = line
    while (all ~ /\\$/ && (getline more) > 0)
        all = all "\n" more
    rest = without_comments(all)
    gsub(/[ \t]*\\?\n[ \t]*/, " ", rest)
    if (line ~ /^#define NN_OPTIMIZER_FIELDS/)
        fields = all
    home = section
    if (match(rest, /nn_[a-z0-9_]+\( *(NN_OPTIONS|NULL)/)) { # beside its function
        name = substr(rest, RSTART, RLENGTH)
        sub(/\(.*/, "", name)
        section = section_of[name]
    }
    if (line !~ /^#define NN_[A-Z_]*H$/)
        print_declared(line, rest)
    section = home
    print without_comments(all)
    fresh = 0
    next
}

# The list of status codes as the enum's values.
line ~ /NN_STATUS_MAP\(NN_STATUS_ENUM\)/ {
    while ((getline entry < "include/nn/base.h") > 0)
        if (entry ~ /^ +XX\(/) {
            split(entry, text, "\"")
            split(text[1], part, /[(,] */)
            print part[2] " = " part[3] ", /**< " escaped(text[2]) " */"
        }
    next
}
depth > 0 && line ~ /^#/ { next }

function print_field(line,    text, at, more) {
    if (line ~ /size_t struct_size;/ && line !~ /\/\*/)
        line = line " /* sizeof the struct; the macro sets it, see nn/base.h */"
    if ((at = index(line, "/*")) == 0) {
        print line
        return line
    }
    text = substr(line, at + 2)
    line = substr(line, 1, at - 1)
    while (index(text, "*/") == 0 && (getline more) > 0)
        text = text " " trimmed(more)
    sub(/[ \t]*\*\/.*/, "", text)
    gsub(/ +\* /, " ", text)
    if (trimmed(line) == "")
        print "/** " flowing(trimmed(text)) " */"
    else
        print line "/**< " flowing(trimmed(text)) " */"
    return line
}

depth > 0 && line ~ /NN_OPTIMIZER_FIELDS/ {
    count = split(fields, field, "\n")
    for (i = 2; i <= count; i++) {
        sub(/[ \t]*\\$/, "", field[i])
        print_field(field[i])
    }
    next
}

{
    if (depth == 0) {
        print_declared(line, "")
        if (match(line, /nn_[a-z0-9_]+\(/))
            section_of[substr(line, RSTART, RLENGTH - 1)] = section
        fresh = 0
    }
    code = print_field(line)
    depth += gsub(/\{/, "{", code) - gsub(/\}/, "}", code)
}
