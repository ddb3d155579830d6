"""Runs one command and prints, as one JSON object, what it cost.

Node can give the resource usage of itself but not of a child: `child_process`
throws away what the kernel says when the child is reaped. `wait4` returns it,
and Python has `wait4`, so this script stands between the harness and the
command. It is spawned anew for every run, does nothing while the command
runs, and its own time is outside the figures.

    measure.py [--cpus 0,1] [--timeout 60] -- command argument...

What is printed:
    exitCode    of the command; negative: the signal that ended it
    timedOut    whether it was stopped by us
    wall        seconds from the start of the process to its end
    user, sys   CPU seconds of the process and of the children it waited for
    maxrss      bytes; of several processes, the largest. The kernel carries
                the peak of the process that called exec over, so nothing below
                this script's own 12 MB can be seen
    others      CPU seconds that everything else on the machine used meanwhile

What the command prints on either stream comes out on standard error.
"""

import argparse
import json
import os
import signal
import sys
import time


def busy_seconds():
    """CPU seconds that the whole machine has been busy (or was kept waiting by its host)."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(prog="measure.py")
    parser.add_argument("--cpus", help="the only CPUs that the command may use, as for taskset")
    parser.add_argument("--timeout", type=int, default=0, help="seconds after which the command is stopped")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()

    # The same call as taskset, without one more process to start.
    if arguments.cpus:
        os.sched_setaffinity(0, {int(cpu) for cpu in arguments.cpus.split(",")})

    # What earlier runs left to be written to the disk is not this one's to wait for.
    os.sync()

    child = 0
    timed_out = False

    def stop_child(_signal, _frame):
        if child:
            os.killpg(child, signal.SIGKILL)

    def time_out(number, frame):
        nonlocal timed_out
        timed_out = True
        stop_child(number, frame)

    signal.signal(signal.SIGALRM, time_out)
    signal.signal(signal.SIGINT, stop_child)
    signal.signal(signal.SIGTERM, stop_child)

    busy_before = busy_seconds()
    started = time.monotonic()
    child = os.posix_spawnp(
        arguments.command[0],
        arguments.command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)],
        setpgroup=0,
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )
    signal.alarm(arguments.timeout)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - started
    busy = busy_seconds() - busy_before
    signal.alarm(0)

    json.dump(
        {
            "exitCode": os.waitstatus_to_exitcode(status),
            "timedOut": timed_out,
            "wall": wall,
            "user": usage.ru_utime,
            "sys": usage.ru_stime,
            "maxrss": usage.ru_maxrss * 1024,
            "others": max(0.0, busy - usage.ru_utime - usage.ru_stime),
        },
        sys.stdout,
    )


main()
