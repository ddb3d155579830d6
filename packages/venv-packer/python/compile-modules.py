"""Compiles modules to bytecode: one process of several, started by venv-packer with an environment's own interpreter.

Arguments: the directory of the environment; the directory in which it will be found when it runs, or '' where that is
anywhere; the optimization levels, as 0,1,2.

It first says who it is, in a line of JSON. Then every line on standard input is a JSON list of paths in the
environment, one character for each byte, and the answer to it a line of JSON with, for each path, the sizes of its
.pyc files or why there is none; after that line come the files themselves, one after the other.

Nothing is written to disk. The same module gives the same bytes, whichever modules the process compiled before.
"""
import sys

#: The exit code for a Python that is too old; venv-packer knows it.
TOO_OLD = 100

if sys.version_info < (3, 8):
    sys.stderr.write("Python %d.%d is too old, it takes Python 3.8 or later\n" % tuple(sys.version_info[:2]))
    sys.exit(TOO_OLD)

import gc
import importlib.util
import json
import marshal
import os
import stat

#: PEP 552: the file holds a hash of its source, and Python does not look whether it is still true.
UNCHECKED_HASH = 1

CodeType = type(compile("", "", "exec"))

#: The strings of which there is one in a process: otherwise it would depend on the modules before whether they are
#: marked as interned.
SINGLE_CHARACTERS = [sys.intern(chr(code)) for code in range(256)]


def main():
    gc.disable()  # what is made here has no cycles, and looking for them takes time
    environment = os.fsencode(sys.argv[1])
    mount_point = os.fsencode(sys.argv[2])
    levels = [int(level) for level in sys.argv[3].split(",")]
    output = sys.stdout.buffer
    say(output, {"version": "%d.%d.%d" % sys.version_info[:3], "tag": sys.implementation.cache_tag})
    for line in sys.stdin.buffer:
        answers, files = [], []
        for path in json.loads(line):
            module = path.encode("latin-1")
            # importlib puts in the path at which it found a module. Where that is known it is put in here already.
            name = os.fsdecode(os.path.join(mount_point, module))
            try:
                compiled = compile_module(os.path.join(environment, module), name, levels)
            except Exception as error:
                answers.append({"error": reason(error)})
            else:
                answers.append({"sizes": [len(data) for data in compiled]})
                files += compiled
        say(output, answers, files)


def say(output, value, files=()):
    output.write(json.dumps(value).encode() + b"\n")
    output.writelines(files)
    output.flush()


def compile_module(path, name, levels):
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError("it is not a regular file")
    with open(path, "rb") as file:
        source = file.read()
    header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little") + importlib.util.source_hash(source)
    return [
        header + stable_bytes(compile(source, name, "exec", dont_inherit=True, optimize=level)) for level in levels
    ]


def reason(error):
    text = getattr(error, "msg", None) or getattr(error, "strerror", None) or str(error)
    line = getattr(error, "lineno", None)
    return type(error).__name__ + (": " + text if text else "") + (" (line %d)" % line if line else "")


def stable_bytes(code):
    """What marshal writes depends on more than the code, and would differ from one run to the next:

    - an object is marked as one that may come again when anything else in the process refers to it, as it does to the
      names that other modules use as well. So something refers to all of them here.
    - two equal sets are written once when they are one object, and in their own order before Python 3.11. Whether they
      are one, and the order, depends on the names that were known before. So they are made anew here.

    The rest is sets with None in them before Python 3.11: their order depends on where in memory None is.
    """
    known = []
    code = stable_code(code, known, {})
    return marshal.dumps(code)


def stable_code(code, known, sets):
    known += code.co_names
    known += code.co_varnames
    known += code.co_freevars
    known += code.co_cellvars
    known.append(code.co_name)
    known.append(code.co_filename)
    constants = stable_constants(code.co_consts, known, sets)
    return code if constants is code.co_consts else code.replace(co_consts=constants)


def stable_constants(constants, known, sets):
    """The same constants; the same tuple, too, unless there are sets in it, at whatever depth."""
    stable = tuple(
        constant if type(constant) is int else stable_constant(constant, known, sets) for constant in constants
    )
    return constants if all(map(same, stable, constants)) else stable


def stable_constant(constant, known, sets):
    kind = type(constant)
    if kind is str:
        known.append(constant)
    elif kind is CodeType:
        return stable_code(constant, known, sets)
    elif kind is tuple:
        return stable_constants(constant, known, sets)
    elif kind is frozenset:
        members = sorted(stable_constants(tuple(constant), known, sets), key=type_and_text)
        return sets.setdefault(tuple(map(type_and_text, members)), frozenset(members))
    return constant


def same(one, other):
    return one is other


def type_and_text(value):
    """What tells 1, 1.0 and True apart."""
    return type(value).__name__, repr(value)


main()
