"""A network of this machine's own, in which each server has a namespace: so that one can be cut off as by a firewall that drops every packet.

    with Network() as network:
        address, prefix = network.attach("shop_0_a")    prefix: what starts a program in there
        network.cut("shop_0_a")     …     network.heal("shop_0_a")

Cut off means: its end of the cable is out of the bridge. Connections stay open, nothing is refused or reset, nothing arrives; the kernel here knows
neither netfilter nor traffic control. The neighbour's address is kept for good, or the host would be told after three seconds that it is unreachable.
"""
import contextlib
import fcntl
import functools
import os
import pathlib
import subprocess
import tempfile

PREFIX = "swchaos"      # of the names of bridges and namespaces: with a number, at most 15 characters


def _ip(*arguments):
    done = subprocess.run(["ip", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


@functools.cache
def is_possible():
    """Whether this machine and this user may have namespaces and bridges."""
    if os.geteuid() != 0:
        return False
    try:
        with Network():
            return True
    except OSError:
        return False


class Network:
    """10.77.N.0/24, of which the host has 1."""

    def __init__(self):
        self._number, self._lock = self._free_number()
        self._bridge, self._subnet = f"{PREFIX}{self._number}", f"10.77.{self._number}"
        self._attached = {}      # name -> (namespace, cable, address)

    @staticmethod
    def _free_number():
        """One that no other process uses: as long as the file is locked it is taken."""
        for number in range(1, 250):
            lock = open(pathlib.Path(tempfile.gettempdir()) / f"{PREFIX}{number}.lock", "w", encoding="utf-8")
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return number, lock
            lock.close()
        raise OSError("no free network: 10.77.1.0/24 to 10.77.249.0/24 are all in use")

    def start(self):
        self._remove_left()
        mac = f"02:77:00:00:{self._number:02x}:01"
        _ip("link", "add", self._bridge, "address", mac, "type", "bridge")
        _ip("address", "add", f"{self._subnet}.1/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        return self

    def attach(self, name):
        """(address, the words before a command that run it in there)."""
        index = len(self._attached) + 2
        space, cable, address = f"{self._bridge}-{index}", f"{self._bridge}.{index}", f"{self._subnet}.{index}"
        mac = f"02:77:00:00:{self._number:02x}:{index:02x}"
        _ip("netns", "add", space)
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "address", mac, "netns", space)
        for words in (("address", "add", f"{address}/24", "dev", "eth0"), ("link", "set", "eth0", "up"), ("link", "set", "lo", "up")):
            _ip("-n", space, *words)
        _ip("link", "set", cable, "master", self._bridge, "up")
        _ip("neighbour", "replace", address, "lladdr", mac, "dev", self._bridge, "nud", "permanent")
        self._attached[name] = (space, cable, address)
        return address, ["ip", "netns", "exec", space]

    def cut(self, name):
        _ip("link", "set", self._attached[name][1], "nomaster")

    def heal(self, name):
        _ip("link", "set", self._attached[name][1], "master", self._bridge)

    def stop(self):
        self._remove_left()
        self._attached = {}
        self._lock.close()

    def _remove_left(self):
        """Of this number: ours, or what a run that was killed has left."""
        for line in _ip("-brief", "link", "show", "type", "veth").splitlines():
            if line.startswith(f"{self._bridge}."):
                _ip("link", "delete", line.partition("@")[0])
        for line in _ip("netns", "list").splitlines():
            if line.split()[0].startswith(f"{self._bridge}-"):
                _ip("netns", "delete", line.split()[0])
        with contextlib.suppress(OSError):
            _ip("link", "delete", self._bridge)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
