"""Compiles modules to bytecode. venv-packer starts several such processes with an environment's own interpreter.

Arguments: the directory of the environment; its mount point, or '' if it works anywhere; the optimization levels, such as
0,1,2.

The process first prints one line of JSON with its version and tag. Then it reads lines from standard input. Each is a JSON list
of paths in the environment, one character for each byte. It answers with a line of JSON that has, for each path, the sizes
of the .pyc files or an error, followed by the .pyc files themselves.

It writes nothing to disk. The bytes of a .pyc file do not depend on the modules that the process compiled before.
"""
import sys

#: The exit code for a Python that is too old. compiler-process.ts has it as well.
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

#: PEP 552: the file has a hash of its source, and Python does not compare it with the source.
UNCHECKED_HASH = 1

CodeType = type(compile("", "", "exec"))

#: Python has only one object for each of these strings. They are interned here, because marshal writes a mark for an
#: interned string, and it would otherwise depend on earlier modules whether they are interned.
SINGLE_CHARACTERS = [sys.intern(chr(code)) for code in range(256)]


def main():
    gc.disable()  # there are no reference cycles here, and the search for them takes time
    environment = os.fsencode(sys.argv[1])
    mount_point = os.fsencode(sys.argv[2])
    levels = [int(level) for level in sys.argv[3].split(",")]
    output = sys.stdout.buffer
    write_message(output, {"version": "%d.%d.%d" % sys.version_info[:3], "tag": sys.implementation.cache_tag})
    for line in sys.stdin.buffer:
        answers, files = [], []
        for path in json.loads(line):
            module = path.encode("latin-1")
            # The path in the code object. importlib sets it on import unless it is right already.
            name = os.fsdecode(os.path.join(mount_point, module))
            try:
                compiled = compile_module(os.path.join(environment, module), name, levels)
            except Exception as error:
                answers.append({"error": message_of(error)})
            else:
                answers.append({"sizes": [len(data) for data in compiled]})
                files += compiled
        write_message(output, answers, files)


def write_message(output, value, files=()):
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


def message_of(error):
    text = getattr(error, "msg", None) or getattr(error, "strerror", None) or str(error)
    line = getattr(error, "lineno", None)
    return type(error).__name__ + (": " + text if text else "") + (" (line %d)" % line if line else "")


def stable_bytes(code):
    """Returns the marshal data of a code object, so that it depends on the code and on Python only.

    By itself marshal's output depends on the rest of the process, too:

    - It marks an object for later references if anything else in the process refers to it, such as another module that
      uses the same name. Therefore `known` refers to every such object.
    - It writes two equal sets once if they are the same object, and before Python 3.11 it writes the members in the order
      of the set. Both depend on strings that existed before. Therefore the sets are made again here.

    One case remains: before Python 3.11 the order of a set that contains None depends on the address of None.
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
    """Returns equal constants. The tuple is the same object unless it contains a set at any depth."""
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
    """A key that differs for 1, 1.0 and True."""
    return type(value).__name__, repr(value)


main()
