# Lists the pieces of a document that are not, line by line, in the file they claim to be from.
# SPDX-License-Identifier: PostgreSQL
#
# -v root=FOLDER. A piece is the block after a line "<!-- from FILE -->"; in the file it may be indented as a whole.
# Ends with the number of pieces found there.
function load(file,    line, text, status) {
    while ((status = (getline line < (root "/" file))) > 0) text = text line "\n"
    if (status < 0) print "there is no " file
    close(root "/" file)
    return "\n" text
}

function is_in(text, piece,    indentation) {
    for (indentation = ""; length(indentation) <= 8; indentation = indentation "    ") {
        if (index(text, "\n" piece)) return 1
        gsub(/\n    /, "\n", text)
    }
    return 0
}

/^<!-- from .* -->$/ { file = $3; next }
file != "" && !inside && /^```/ { inside = 1; piece = ""; next }
inside && /^```$/ {
    if (is_in(load(file), piece)) found++
    else print file " has no:\n" piece
    inside = 0; file = ""
    next
}
inside { piece = piece $0 "\n" }
END { print found + 0 }
