"""Runs a command on a terminal of its own and prints, as JSON, all that it wrote there and its exit code.

Reads a JSON request: command, cwd, env, columns, and `press`: a list of [text, keys]; when the text has been seen
on the terminal, the keys are pressed, one pair after the other.
"""
import fcntl, json, os, pty, struct, sys, termios

request = json.load(sys.stdin)
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, request["columns"], 0, 0))
    os.chdir(request["cwd"])
    os.execvpe(request["command"][0], request["command"], {**os.environ, **request["env"]})

seen, searched, press = b"", 0, request["press"]
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:  # EIO: the last one to use the terminal is gone
        break
    if not piece:
        break
    seen += piece
    if press and press[0][0].encode() in seen[searched:]:
        searched = len(seen)
        os.write(terminal, press.pop(0)[1].encode())
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps({"code": status, "written": seen.decode("utf-8", "replace"), "pressed": not press}))
