"""The jail, as a program of its own: it locks itself in, then becomes the interpreter that runs the code.

Run by `runner.py` with `python -I -S`; it imports nothing of the package. In order: own user, mount, network,
process, IPC and host-name namespaces; a root of its own in memory that holds the Python runtime, read-only,
and nothing else; a filter on system calls; limits on memory, time and files; no privileges, now or later;
exec.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_DETACH = 2
_PDEATHSIG, _NO_NEW_PRIVS, _SECCOMP = 1, 38, 22
_INSIDE = 1000
"""User and group inside: not 0, so that exec drops every capability."""

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_DENIED = {
    # fork vfork socket socketpair shmget semget msgget ptrace syslog mknod personality pivot_root chroot acct
    # settimeofday mount umount2 swapon reboot init_module delete_module mq_open kexec_load add_key
    # request_key keyctl mknodat unshare perf_event_open name_to_handle_at open_by_handle_at setns
    # process_vm_readv process_vm_writev finit_module memfd_create bpf userfaultfd
    "x86_64": (
        57, 58, 41, 53, 29, 64, 68, 101, 103, 133, 135, 155, 161, 163, 164, 165, 166, 167, 169, 175, 176, 240,
        246, 248, 249, 250, 259, 272, 298, 303, 304, 308, 310, 311, 313, 319, 321, 323,
    ),
    "aarch64": (
        198, 199, 194, 190, 186, 117, 116, 33, 92, 41, 51, 89, 170, 40, 39, 224, 142, 105, 106, 180, 104, 217,
        218, 219, 97, 241, 264, 265, 268, 270, 271, 273, 279, 280, 282,
    ),
}  # fmt: skip
# io_uring_setup, _enter, _register; open_tree move_mount fsopen fsmount pidfd_getfd mount_setattr
_DENIED_ANYWHERE = (425, 426, 427, 428, 429, 430, 432, 438, 442)


def main() -> None:
    """Read the settings, lock in, run the child, tell how it ended."""
    given = json.loads(sys.argv[1])
    if given.get("locked"):
        _become(given, _last_lock)
    try:
        if not given["bwrap"]:
            _own_namespaces()
        child = os.fork()
    except OSError as problem:
        _say(given["end"], setup=str(problem))
        return
    if child == 0:
        _become(given, _through_bubblewrap if given["bwrap"] else _alone)
    _say(given["end"], **_wait(child, given["seconds"]))


def _become(given: dict[str, Any], step: Callable[[dict[str, Any]], None]) -> NoReturn:
    """Go on as another program; where that cannot be, say why and end."""
    try:
        step(given)
    except OSError as problem:
        _say(given["end"], setup=str(problem))
    finally:
        os._exit(71)


def _alone(given: dict[str, Any]) -> None:
    """The child, process 1 of its namespace: the rest of the lock, and exec."""
    _leave_the_parent()
    _own_root(given["binds"])
    _last_lock(given)


def _through_bubblewrap(given: dict[str, Any]) -> None:
    """The same namespaces and the same root, made by bubblewrap, which may be allowed what users are not."""
    _leave_the_parent()
    own = [
        "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv",
        "--uid", str(_INSIDE), "--gid", str(_INSIDE),
    ]  # fmt: skip
    for path in given["binds"]:
        own += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
    python = [given["python"], "-I", "-S", "-B", "-c", given["jail"], json.dumps({**given, "locked": True})]
    os.execve(given["bwrap"], [given["bwrap"], *own, "--remount-ro", "/", "--", *python], {})


def _leave_the_parent() -> None:
    _prctl(_PDEATHSIG, signal.SIGKILL)
    os.setsid()  # or a signal to its own group would reach the one who waits for it
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 2)
    os.close(nothing)


def _last_lock(given: dict[str, Any]) -> None:
    _limit(given["seconds"], given["megabytes"])
    _prctl(_NO_NEW_PRIVS, 1)
    _filter_calls()
    os.execve(given["python"], [given["python"], "-I", "-S", "-B", "-c", given["inside"]], {})


def _own_namespaces() -> None:
    uid, gid = os.getuid(), os.getgid()
    _call(_LIBC.unshare, _NEWUSER | _NEWNS | _NEWUTS | _NEWIPC | _NEWPID | _NEWNET)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{_INSIDE} {uid} 1")
    _write("/proc/self/gid_map", f"{_INSIDE} {gid} 1")


def _own_root(binds: list[str]) -> None:
    """A root in memory with these folders and files, read-only, and nothing else; the old one is gone."""
    places = ("/mnt", "/media", "/srv", "/opt", "/tmp", "/home")
    root = next(p for p in places if os.path.isdir(p) and not any(b.startswith(p + "/") for b in binds))
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("none", root, "tmpfs", _NOSUID | _NODEV, "size=256k,nr_inodes=64,mode=755")
    for path in binds:
        target = root + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(path):
            os.symlink(os.readlink(path), target)
            continue
        os.makedirs(target, exist_ok=True)
        _mount(path, target, None, _BIND)
        kept = os.statvfs(target).f_flag & 0x1FFF & ~1  # flags that came with the mount may not be dropped
        _mount(None, target, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV | _kept(kept))
    os.mkdir(root + "/old")
    os.chdir(root)
    _call(_LIBC.syscall, _PIVOT_ROOT[platform.machine()], b".", b"old")
    os.chdir("/")
    _call(_LIBC.umount2, b"/old", _DETACH)
    os.rmdir("/old")
    _mount(None, "/", None, _REMOUNT | _RDONLY | _NOSUID | _NODEV, "size=256k,nr_inodes=64,mode=755")


def _kept(flags: int) -> int:
    """Of statvfs' flags those of mount(2): noexec, noatime, nodiratime, relatime."""
    noexec, noatime, nodiratime, relatime = 8, 1024, 2048, 4096
    asked = flags & (noexec | noatime | nodiratime)
    return asked | ((1 << 21) if flags & relatime else 0)


def _limit(seconds: float, megabytes: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, megabytes << 20), (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 32), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0), (resource.RLIMIT_NPROC, 32),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))


def _filter_calls() -> None:
    """A BPF program: threads may be made, processes may not; no sockets, mounts, keys, tracing."""
    machine = platform.machine()
    allow, deny, absent = 0x7FFF0000, 0x50001, 0x50026  # EPERM, ENOSYS
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    code = [(load, 0, 0, 4), (equal, 1, 0, _ARCH[machine]), (give, 0, 0, 0x80000000), (load, 0, 0, 0)]
    code += [(at_least, 0, 1, 0x40000000), (give, 0, 0, deny)]  # the x32 calls, which have other numbers
    code += [(equal, 0, 1, _CLONE3), (give, 0, 0, absent)]  # its flags cannot be seen; libc then uses clone
    for number in (*_DENIED[machine], *_DENIED_ANYWHERE):
        code += [(equal, 0, 1, number), (give, 0, 0, deny)]
    code += [(equal, 0, 4, _CLONE[machine]), (load, 0, 0, 16), (any_bit, 1, 0, 0x10000), (give, 0, 0, deny)]
    code += [(give, 0, 0, allow), (give, 0, 0, allow)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(program)))
    _call(_LIBC.prctl, _SECCOMP, 2, ctypes.c_ulong(ctypes.addressof(header)), 0, 0)


def _wait(child: int, seconds: float) -> dict[str, Any]:
    """How the child ended; one that runs on is killed, and with it all of its namespace."""
    deadline = time.monotonic() + seconds
    late = False
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline and not late:
            os.kill(child, signal.SIGKILL)
            late = True
        time.sleep(0.002)
    code = os.waitstatus_to_exitcode(status)  # bubblewrap tells its child's signal as 128 and more
    return {"late": late, "signal": -code if code < 0 else max(0, code - 128)}


def _say(end: str, **said: Any) -> None:
    os.write(1, b"\n" + json.dumps({"end": end, **said}).encode() + b"\n")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    _call(_LIBC.mount, *texts, ctypes.c_ulong(flags), None if data is None else data.encode())


def _prctl(what: int, value: int) -> None:
    _call(_LIBC.prctl, what, ctypes.c_ulong(value), 0, 0, 0)


def _call(function: Any, *arguments: Any) -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{getattr(function, '__name__', 'a call')}: {os.strerror(number)}")


_LIBC = ctypes.CDLL(None, use_errno=True)

if __name__ == "__main__":
    main()
