"""Reads a wheel as an installer does, and prints what is in it as JSON. For tests. Argument: the wheel."""
import base64
import csv
import email.parser
import hashlib
import io
import json
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    if wheel.testzip() is not None:
        sys.exit("damaged")
    [info] = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    unlisted = set(wheel.namelist())
    for path, digest, size in csv.reader(io.StringIO(wheel.read(info + "/RECORD").decode())):
        unlisted.remove(path)
        if path != info + "/RECORD":
            content = wheel.read(path)
            found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            if (digest, int(size)) != ("sha256=" + found, len(content)):
                sys.exit(path + " is not what RECORD says")
    if unlisted:
        sys.exit("not in RECORD: " + ", ".join(unlisted))

    def headers(name):
        message = email.parser.Parser().parsestr(wheel.read(info + "/" + name).decode())
        return {"fields": message.items(), "body": message.get_payload()}

    json.dump(
        {
            "files": {entry.filename: entry.file_size for entry in wheel.infolist()},
            "metadata": headers("METADATA"),
            "wheel": headers("WHEEL"),
            "modes": sorted({oct(entry.external_attr >> 16) for entry in wheel.infolist()}),
        },
        sys.stdout,
    )
