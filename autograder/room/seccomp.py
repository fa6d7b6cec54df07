"""The list of system calls that a room may make, compiled on the trusted side; a room only installs the bytes.

Refused calls that a student may meet fail with EPERM, a clear PermissionError. Calls that are not in any
list fail with ENOSYS, as on an older kernel, so that libraries fall back on what they did before.
"""

import errno
import functools
import tempfile

from autograder.room.kernel import OWN_PROCESS

ALLOWED = """
    read write readv writev pread64 pwrite64 preadv pwritev lseek sendfile fadvise64 fsync fdatasync
    open openat close close_range dup dup2 dup3 flock pipe pipe2 eventfd2 umask
    stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents64
    getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate fallocate
    mmap mprotect munmap mremap madvise brk mincore msync get_mempolicy membarrier
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack pause
    restart_syscall alarm setitimer getitimer
    select pselect6 poll ppoll epoll_create1 epoll_ctl epoll_wait epoll_pwait
    futex set_robust_list get_robust_list rseq set_tid_address exit exit_group wait4 waitid
    sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
    getcpu getpriority clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrusage
    getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid
    uname sysinfo getrandom arch_prctl getrlimit
"""

REFUSED = """
    fork vfork execve execveat kill tkill rt_sigqueueinfo rt_tgsigqueueinfo
    pidfd_open pidfd_send_signal pidfd_getfd ptrace process_vm_readv process_vm_writev process_madvise kcmp
    socket socketpair connect bind listen accept accept4 sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg
    unshare setns mount umount2 pivot_root chroot mount_setattr move_mount open_tree fsopen fsconfig fsmount
    setuid setgid setreuid setregid setresuid setresgid setgroups capset setpgid setsid setrlimit setpriority
    sched_setaffinity sched_setscheduler sched_setattr sched_setparam ioprio_set personality modify_ldt seccomp
    truncate chmod fchmod fchmodat chown fchown lchown fchownat setxattr lsetxattr fsetxattr
    utime utimes utimensat futimesat link linkat symlink symlinkat mknod mknodat
    open_by_handle_at name_to_handle_at inotify_init1 fanotify_init
    shmget shmat shmctl semget semop semctl msgget msgsnd msgrcv mq_open memfd_create memfd_secret
    userfaultfd io_uring_setup io_uring_enter bpf perf_event_open keyctl add_key request_key
    reboot swapon init_module finit_module delete_module kexec_load syslog acct quotactl iopl ioperm
"""

_CLONE_THREAD = 0x00010000
_CLONE_NEW_ANYTHING = 0x7E020080
_HARMLESS_PRCTL = (3, 15, 16, 39, 0x53564D41)  # get dumpable, set name, get name, get no_new_privs, name memory
_HARMLESS_FCNTL = (*range(8), 36, 37, 38, 1030)  # duplicates, flags, locks; none that sends signals
_HARMLESS_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # terminal?, its size, FIONREAD, FIONBIO, cloexec


@functools.cache
def compiled() -> bytes | None:
    """The filter as BPF instructions for this machine; None where libseccomp or pyseccomp is missing."""
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError):
        return None
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.ENOSYS))
    _add_names(pyseccomp, rules)
    _add_arguments(pyseccomp, rules)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add_names(pyseccomp, rules) -> None:
    for action, names in ((pyseccomp.ALLOW, ALLOWED), (pyseccomp.ERRNO(errno.EPERM), REFUSED)):
        for name in names.split():
            try:
                rules.add_rule(action, name)
            except (OSError, ValueError):  # this processor or this libseccomp has no call of that name
                continue


def _add_arguments(pyseccomp, rules) -> None:
    """Calls that depend on an argument: threads but no processes, and only what reads or names."""
    def allow(name: str, position: int, *comparison) -> None:
        rules.add_rule(pyseccomp.ALLOW, name, pyseccomp.Arg(position, *comparison))

    allow("clone", 0, pyseccomp.MASKED_EQ, _CLONE_THREAD | _CLONE_NEW_ANYTHING, _CLONE_THREAD)
    allow("tgkill", 0, pyseccomp.EQ, OWN_PROCESS)
    allow("prlimit64", 2, pyseccomp.EQ, 0)
    for option in _HARMLESS_PRCTL:
        allow("prctl", 0, pyseccomp.EQ, option)
    for command in _HARMLESS_FCNTL:
        allow("fcntl", 1, pyseccomp.EQ, command)
    for request in _HARMLESS_IOCTL:
        allow("ioctl", 1, pyseccomp.EQ, request)
