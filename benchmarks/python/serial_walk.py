"""Makes the filesystem calls that packing a tree needs, one after the other, and packs nothing.

The reference for slow metadata: the time of a program that makes one call at
a time.

    serial_walk.py <dir>
"""

import os
import stat
import sys

CHUNK = 128 * 1024


def walk(directory):
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        status = os.lstat(path)
        for xattr in os.listxattr(path, follow_symlinks=False):
            os.getxattr(path, xattr, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            walk(path)
        elif stat.S_ISLNK(status.st_mode):
            os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            read(path)


def read(path):
    file = os.open(path, os.O_RDONLY)
    try:
        while os.read(file, CHUNK):
            pass
    finally:
        os.close(file)


walk(os.fsencode(sys.argv[1]))
