"""Prints, as JSON, the newest version of glibc that each binary of a wheel names: N of 2.N. For tests. Argument: the wheel."""
import json
import re
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    found = {}
    for name in wheel.namelist():
        content = wheel.read(name)
        if content[:4] == b"\x7fELF":
            # The names of versions are strings of their own; `objdump -T` shows them beside the symbols.
            versions = re.findall(rb"\0GLIBC_2\.(\d+)", content)
            found[name] = max(map(int, versions)) if versions else None
    json.dump(found, sys.stdout)
