"""Runs one command and prints its cost as a JSON object.

Node gives the resource usage of its own process, but not of a child:
`child_process` discards what the kernel reports when the child is reaped.
Python has `wait4`, which returns it, so the benchmark runs commands through
this script. It is spawned for each run and does nothing while the command
runs. Its own time is not included in the figures.

    measure.py [--cpus 0,1] [--timeout 60] -- command argument...

The JSON object:
    exitCode    of the command; if a signal ended it, the negated signal number
    timedOut    whether this script stopped the command at the timeout
    wall        seconds from the start of the process to its end
    user, sys   CPU seconds of the process and of the children it waited for
    maxrss      peak resident memory in bytes; for several processes, that of
                the largest. The peak of the process that calls exec is
                included, so the value is never below the 12 MB of this script
    others      CPU seconds of everything else on the machine during the run

What the command prints on stdout and stderr goes to stderr.
"""

import argparse
import json
import os
import signal
import sys
import time


def busy_seconds():
    """CPU seconds that the whole machine was busy since boot, including the time that its host took (steal)."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(prog="measure.py")
    parser.add_argument("--cpus", help="the only CPUs that the command may use, as for taskset")
    parser.add_argument("--timeout", type=int, default=0, help="seconds after which the command is stopped")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()

    # The same system call as in taskset, without an additional process.
    if arguments.cpus:
        os.sched_setaffinity(0, {int(cpu) for cpu in arguments.cpus.split(",")})

    # Write pending data of earlier runs to disk now, so that it does not slow down this run.
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
