# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""dpdk-testpmd in macswap mode as the peer: the same file, vdevs and number of buffers."""
from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import time

from . import host, measure, memory

BLOCK = re.compile(r"NIC statistics for port (\d+).*?RX-packets:\s*(\d+).*?TX-packets:\s*(\d+)"
                   r".*?#{20}", re.S)
STOPPED = re.compile(r"^Done\.", re.M)


def parse_stats(text: str) -> dict[int, tuple[int, int]]:
    """(received, sent) by port, of the last whole `show port stats` in text."""
    return {int(p): (int(rx), int(tx)) for p, rx, tx in BLOCK.findall(text)}


def eal_words(mbufs: int, prefix: str, huge: bool) -> list[str]:
    if huge:
        return memory.eal_words()
    words = [w for w in memory.eal_words() if w != "--in-memory"]  # refused with --no-huge
    return [*words, "--no-huge", "-m", str(64 + mbufs * 3 // 1024 + 64), "--file-prefix=" + prefix]


def command(pcap: str, mbufs: int, prefix: str, huge: bool) -> list[str]:
    # stdbuf: testpmd's answers would otherwise wait for a full buffer
    return ["stdbuf", "-oL", "dpdk-testpmd", *eal_words(mbufs, prefix, huge),
            f"--vdev=net_pcap0,rx_pcap={pcap},infinite_rx=1", "--vdev=net_null0,no-rx=1", "--",
            "--forward-mode=macswap", "--nb-cores=1", f"--total-num-mbufs={mbufs}", "-i"]


class Testpmd:
    name = "testpmd macswap"

    def __init__(self, pcap: str, mbufs: int, env: dict[str, str], huge: bool = False):
        self.seen = ""
        self.prefix = f"bench-{os.getpid()}-{time.monotonic_ns()}"
        self.proc = host.popen(command(pcap, mbufs, self.prefix, huge),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=env)
        os.set_blocking(self.proc.stdout.fileno(), False)
        try:
            self.wait(lambda: "testpmd>" in self.seen, "its prompt", 60)
            self.tid = host.thread_id(self.proc.pid)
        except BaseException:
            self.close()
            raise

    def tell(self, line: str) -> None:
        self.seen = ""
        self.proc.stdin.write(line.encode() + b"\n")
        self.proc.stdin.flush()

    def wait(self, condition, what: str, timeout_s: float = 30) -> None:
        until = time.monotonic() + timeout_s
        while not condition():
            if select.select([self.proc.stdout], [], [], 0.2)[0]:
                data = os.read(self.proc.stdout.fileno(), 65536)
                if not data:
                    raise RuntimeError("dpdk-testpmd ended:\n" + self.seen[-2000:])
                self.seen += data.decode(errors="replace")
            elif time.monotonic() > until:
                raise RuntimeError(f"dpdk-testpmd: no {what}:\n{self.seen[-2000:]}")

    def counters(self) -> tuple[int, int]:
        self.tell("show port stats all")
        self.wait(lambda: 1 in parse_stats(self.seen), "statistics")
        stats = parse_stats(self.seen)
        return stats[1][1], stats[0][0]

    def read(self) -> measure.Reading:
        return measure.take_reading(self.counters,
                                    lambda: host.thread_time(self.proc.pid, self.tid))

    def start(self) -> None:
        self.tell("start")

    def stop(self) -> None:
        self.tell("stop")
        self.wait(lambda: STOPPED.search(self.seen), "end of forwarding")

    def trouble(self) -> str:
        return self.seen[-500:]

    def close(self) -> None:
        if self.proc.poll() is None:
            try:
                self.proc.communicate(b"quit\n", timeout=20)
            except (OSError, ValueError, subprocess.TimeoutExpired):
                pass
        host.end(self.proc)
        for f in (self.proc.stdin, self.proc.stdout):
            f.close()
        shutil.rmtree("/var/run/dpdk/" + self.prefix, ignore_errors=True)  # root's; testpmd keeps it
