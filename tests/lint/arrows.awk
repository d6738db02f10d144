# The arrows of the house: a file includes only lower floors and its own folder (docs/tour.md), and
# what only one file may know is known there only. Call: awk -f arrows.awk lib/*/*.[ch]

BEGIN {
    floor["base"] = 0
    floor["kernels"] = floor["formats"] = 1
    floor["layers"] = floor["losses"] = floor["metrics"] = 2
    floor["optimizers"] = floor["initializers"] = floor["schedules"] = 2
    floor["model"] = 3
    floor["fusions"] = 2.5
    floor["callbacks"] = 3.5
    floor["train"] = floor["data"] = 4
    floor["data/dataset.h"] = 2 # the dataset contract
    floor["files"] = 5          # libnn_files, a library of its own: see below

    # A pattern in the code, and the only files that may contain it.
    only("[<\"]cblas\\.h", "lib/kernels/gemm.c")
    only("[<\"](openblas_config|pthread|threads|sched|semaphore)\\.h", "lib/base/pool.c lib/kernels/gemm.c")
    only("(^|[^_a-zA-Z>.])(malloc|calloc|realloc|aligned_alloc|posix_memalign|free|strdup|strndup)\\(", "lib/base/memory.c")
    only("(^|[^_a-zA-Z])(clock_gettime|gettimeofday|time)\\(", "lib/base/clock.c")
    only("(^|[^_a-zA-Z])(fopen|fdopen|freopen|tmpfile|open|openat|rename|renameat|unlink|fsync|mkstemp|opendir|stat|lstat)\\(", "lib/base/files.c lib/files/input.c")
    only("[<\"](fcntl|sys/stat|dirent)\\.h", "lib/base/files.c lib/files/input.c")
    only("[<\"](zlib)\\.h", "lib/files/unpack.c")
    only("[<\"](png)\\.h", "lib/files/png.c")
    only("[<\"](jpeglib|jerror)\\.h", "lib/files/jpeg.c")
    only("[<\"]setjmp\\.h", "lib/files/png.c lib/files/jpeg.c")
    only("(^|[^_a-zA-Z])(pthread_[a-z_]*|mtx_[a-z]*|thrd_[a-z]*)\\(", "lib/base/pool.c")
    only("[<\"](immintrin|cpuid|x86intrin|fenv)\\.h", "lib/base/cpu.c lib/kernels/simd.h")
    only("(^|[^_a-zA-Z>.])(exit|_exit|abort|printf|puts|putchar|perror|assert|setlocale|srand|rand|setenv|putenv|signal|sigaction)\\(", "")
}

function only(pattern, files) {
    patterns[++count] = pattern
    allowed[count] = " " files " "
}

function complain(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text
    bad = 1
}

# The code of a line without comments and strings; the state `inside` a comment goes on over lines.
function code_of(line,    at) {
    if (line !~ /^[ \t]*#[ \t]*include/)
        gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
    if (inside) {
        if ((at = index(line, "*/")) == 0)
            return ""
        line = substr(line, at + 2)
        inside = 0
    }
    gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, "", line)
    if ((at = index(line, "/*")) > 0) {
        line = substr(line, 1, at - 1)
        inside = 1
    }
    sub(/\/\/.*/, "", line)
    return line
}

FNR == 1 {
    inside = 0
    split(FILENAME, part, "/")
    folder = part[2]
    if (!(folder in floor))
        complain("the folder " folder " has no floor in arrows.awk")
}

{
    code = code_of($0)
    for (i = 1; i <= count; i++)
        if (code ~ patterns[i] && index(allowed[i], " " FILENAME " ") == 0)
            complain("only" (allowed[i] == "  " ? " nobody" : allowed[i]) " may use this: " code)
}

code ~ /^[ \t]*#[ \t]*include[ \t]*"/ {
    split(code, quoted, "\"")
    name = quoted[2]
    if (name ~ /^nn(\/[a-z]+)?\.h$/)
        next
    # libnn_files knows libnn by its public headers and by two formats that need nothing, and nobody
    # else knows its own.
    if (folder == "files" || name == "nn_files.h") {
        if (folder != "files" || name !~ /^(nn_files\.h|files\/files\.h|formats\/(zip|sort)\.h)$/)
            complain(folder " may not include " name ": libnn_files stands apart")
        next
    }
    slash = index(name, "/")
    to = slash > 0 ? substr(name, 1, slash - 1) : ""
    if (name in floor)
        to = name
    if (!(to in floor))
        complain("include \"" name "\": not a path from lib/ or include/")
    else if (to != folder && floor[to] >= floor[folder])
        complain(folder " (floor " floor[folder] ") may not include " name " (floor " floor[to] ")")
}

# The model meets layers through their tables.
folder == "model" && code ~ /(conv2d|dense|max_pool|batch_norm|dropout|flatten|softmax|rescaling)_/ {
    complain("lib/model names a layer: " code)
}

END { exit bad }
