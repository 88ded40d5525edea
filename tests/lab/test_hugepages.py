# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A router on hugepages: reserved for this test, mounted where only stargd sees it, given back."""
import pathlib

import pytest
from demo_net import GROUP, PORT, DemoNet
from lab import wait_for
from stream import Receiver, Sender, settle, warm_up

SYSFS = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
PAGES = 128
MBUFS = 8192  # with what stargd adds, some 116 MB


def free_pages() -> int:
    return int((SYSFS / "free_hugepages").read_text())


@pytest.fixture
def hugepages():
    """PAGES free ones at least; the number of reserved ones is put back."""
    count = SYSFS / "nr_hugepages"
    if not count.exists():
        pytest.skip("this kernel has no hugepages of 2 MB")
    before = count.read_text()
    try:
        count.write_text(str(int(before) + PAGES))
        if free_pages() < PAGES:
            pytest.skip(f"the kernel gives {free_pages()} hugepages of 2 MB, the test needs {PAGES}")
        yield
    except OSError as error:
        pytest.skip(f"hugepages cannot be reserved: {error}")
    finally:
        count.write_text(before)


def test_router_on_hugepages_forwards_and_gives_them_back(lab, hugepages, capsys):
    net = DemoNet(lab)
    net.configure_a(huge=True, router=f"mbufs = {MBUFS}; max_routes = 4096;")
    # the mount is gone with the program: `ip netns exec` has given it mounts of its own
    mount = net.a.dir / "huge"
    mount.mkdir()
    net.a.before = ("sh", "-c", 'mount -t hugetlbfs -o pagesize=2M none "$0" && exec "$@"', str(mount))
    free = free_pages()
    net.a.start()
    memory = net.a.ctl("show memory")
    used = free - free_pages()
    with capsys.disabled():
        print(f"\n    {used} hugepages of 2 MB in use, {memory['heap_used_bytes'] >> 20} MB of the heap")
    assert memory["hugepages"] and memory["page_bytes"] == 2 << 20, memory
    assert memory["heap_used_bytes"] > MBUFS * memory["mbuf_bytes"]
    assert used * (2 << 20) >= memory["heap_used_bytes"]
    receivers = [Receiver(net.native, PORT, GROUP, "eth0", "native")]
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=1000).start()
    wait_for("2,000 packets", lambda: sender.sent >= 2000)
    sender.stop()
    settle(sender, receivers)
    report = receivers[0].report(sender.stream, sender.sent)
    assert report.clean and report.reordered == 0, report
    assert net.a.stop() == 0
    assert not any(mount.iterdir())
    wait_for("the pages are free again", lambda: free_pages() >= free)


def test_router_without_enough_hugepages_runs_without(lab):
    """huge is true by default: too few pages are no reason to fail."""
    net = DemoNet(lab)
    net.configure_a(huge=True)
    net.a.start()
    memory = net.a.ctl("show memory")
    assert not memory["hugepages"] and memory["page_bytes"] < 2 << 20
    assert net.a.stop() == 0
