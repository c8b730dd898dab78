"""Takes the commands and the Java programs out of the how-to that mutual rebuilds, when its text lies beside the project.

The text has lost its layout: what follows a command in prose or output often stands on the same line. Each kind of command is
therefore cut after its own last argument.
"""

import os
import re
from pathlib import Path

ENDS = [  # (start of a command, what its last argument looks like)
    (r"openssl genrsa", r"4096"),
    (r"openssl req", r'-subj "[^"]*"'),
    (r"openssl x509 -req", r"-extfile \S+?\.ext"),
    (r"keytool -genkeypair", r'-ext "[^"]*"(?:\s+-ext "[^"]*")*'),
    (r"keytool -certreq", r"-file \S+?\.csr"),
    (r"keytool -importcert", r"(?:-noprompt)"),
    (r"keytool -list", r'-storepass "\$STOREPASS"'),
]


def find():
    """The path of the text, or None."""
    here = Path(__file__).resolve().parents[2]
    shared = Path(os.environ.get("MUTUAL_SHARED", here.parent / "shared"))
    path = shared / "guide.txt"
    return path if path.is_file() else None


def commands(text):
    """The shell script of steps 1 to 4, in order, one command a list item, without the verifying `openssl x509 -in` calls."""
    text = text.replace("\\\n", " ")
    text = re.sub(r"(?<=[^\n])(keytool -list)", r"\n\1", text)
    text = re.sub(r"(?<=-noprompt)(?=[A-Z])", "\n", text)
    found = []
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        line = lines[i].strip()
        if line.startswith("cat > certs/"):
            end = lines.index("EOF", i)
            found.append("\n".join(lines[i : end + 1]))
            i = end
        for start, last in ENDS:
            if re.match(start, line):
                command = re.match(rf"{start}.*?{last}", line)
                if not command:
                    raise ValueError(f"no end found in: {line}")
                found.append(command.group(0))
        i += 1
    return found


def programs(text):
    """{class name: Java source} of the server and the two clients."""
    sources = {}
    lines = text.split("\n")
    for i, line in enumerate(lines):
        name = re.match(r"public class (\w+) \{", line)
        if not name:
            continue
        begin = i
        while lines[begin - 1].startswith("import "):
            begin -= 1
        depth, body = 0, []
        for source_line in lines[begin:]:
            code = source_line
            if depth == 1 and source_line.startswith("}"):
                code = "}"  # the last brace; prose follows on its line
            body.append(code)
            stripped = re.sub(r'"(?:\\.|[^"\\])*"', "", code)
            depth += stripped.count("{") - stripped.count("}")
            if depth == 0 and any("class " in b for b in body):
                break
        sources[name.group(1)] = "\n".join(body) + "\n"
    return sources


def java_options(text):
    """The six -Djavax.net.ssl options of step 7."""
    return re.findall(r"^-D(javax\.net\.ssl\.\w+=\S+) \\$", text, re.M)
