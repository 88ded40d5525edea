# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""stargd and stargctl as programs: exit codes, messages that name cause and cure, hostile clients."""
import contextlib
import json
import os
import socket
import subprocess
import time

import pytest
from packets import *
from starg_dp import STARGCTL, STARGD, Router, write_pcap


def stargd(tmp_path, text, *options):
    path = tmp_path / "starg.conf"
    path.write_text(text)
    env = dict(os.environ, XDG_RUNTIME_DIR=str(tmp_path))
    return subprocess.run([str(STARGD), "-c", str(path), *options], capture_output=True, text=True,
                          timeout=30, stdin=subprocess.DEVNULL, env=env)


def text_of(tmp_path, **changes):
    devices = {}
    for n, p in enumerate(("p0", "p1", "p2")):
        write_pcap(tmp_path / f"{p}.in", [])
        devices[p] = f"net_pcap{n},rx_pcap={tmp_path}/{p}.in,tx_pcap={tmp_path}/{p}.out"
    devices.update(changes)
    return router(Route(SRC, GRP, "src", to("lan1"))).text(devices, str(tmp_path / "ctl.sock"))


def test_check_of_a_valid_file_exits_0_and_touches_nothing(tmp_path):
    text = text_of(tmp_path)
    r = stargd(tmp_path, text, "-t")
    assert r.returncode == 0, r.stderr
    assert not (tmp_path / "ctl.sock").exists() and not (tmp_path / "p0.out").exists()


@pytest.mark.parametrize("old,new,words", [
    ('input = "src"', 'input = "scr"', ["scr", "src"]),
    ('group = "239.1.1.1"', 'group = "10.1.1.1"', ["10.1.1.1"]),
    ("workers = 1;", "wrokers = 1;", ["wrokers", "workers"]),
    ('name = "lan1"; port = "p1"', 'name = "lan1"; port = "p9"', ["p9"]),
    ('name = "lan2"', 'name = "lan1"', ["lan1"]),
    ("static:", "static", ["static"]),
])
def test_wrong_file_exits_2_and_names_file_line_and_cure(tmp_path, old, new, words):
    text = text_of(tmp_path)
    assert old in text
    line = text[:text.index(old)].count("\n") + 1
    text = text.replace(old, new, 1)
    for options in (("-t",), ()):
        r = stargd(tmp_path, text, *options)
        assert r.returncode == 2, r.stderr
        assert f"{tmp_path}/starg.conf:{line}:" in r.stderr, r.stderr
        for word in words:
            assert word in r.stderr


def test_missing_file_exits_with_its_name(tmp_path):
    r = subprocess.run([str(STARGD), "-c", str(tmp_path / "none.conf")], capture_output=True,
                       text=True, timeout=20)
    assert r.returncode in (1, 2) and "none.conf" in r.stderr


def test_unknown_device_exits_1_and_is_named(tmp_path):
    r = stargd(tmp_path, text_of(tmp_path, p1="net_nothing0"))
    assert r.returncode == 1 and "net_nothing0" in r.stderr, r.stderr
    r = stargd(tmp_path, text_of(tmp_path, p1="0000:ff:1f.7"))
    assert r.returncode == 1 and "0000:ff:1f.7" in r.stderr, r.stderr


def test_socket_that_cannot_be_made_exits_1_and_is_named(tmp_path):
    text = text_of(tmp_path).replace(str(tmp_path / "ctl.sock"), "/proc/1/none/ctl.sock")
    r = stargd(tmp_path, text)
    assert r.returncode == 1 and "/proc/1/none" in r.stderr, r.stderr


def test_second_router_on_the_same_socket_is_refused(tmp_path):
    with Router(router(Route(SRC, GRP, "src", to("lan1"))), {}) as first:
        first.wait_ready()
        r = stargd(tmp_path, text_of(tmp_path).replace(str(tmp_path / "ctl.sock"), str(first.socket)))
        assert r.returncode == 1 and str(first.socket) in r.stderr, r.stderr
        assert first.ctl("show worker")


def test_stargctl_exit_codes(tmp_path):
    r = subprocess.run([str(STARGCTL), "-s", str(tmp_path / "none"), "show", "drop"],
                       capture_output=True, text=True, timeout=20)
    assert r.returncode == 1 and str(tmp_path / "none") in r.stderr
    with Router(router(Route(SRC, GRP, "src", to("lan1"))), {}) as dut:
        dut.wait_ready()
        for command, code in (("show mroute", 0), ("show nonsense", 1), ("del route * 239.9.9.9", 1),
                              ("explain 10.0.0.1 239.1.1.1", 0), ("help", 0)):
            r = subprocess.run([str(STARGCTL), "-s", str(dut.socket), *command.split()],
                               capture_output=True, text=True, timeout=20)
            assert r.returncode == code, (command, r.stdout, r.stderr)
            assert (r.stdout if code == 0 else r.stderr).strip(), command


def test_a_question_mark_as_the_last_word_lists_what_may_stand_there():
    with Router(router(Route(SRC, GRP, "src", to("lan1"))), {}) as dut:
        dut.wait_ready()
        for words, listed in ((["show", "?"], "mroute "), (["show", "pim", "?"], "neighbor "),
                              (["show", "interface", "?"], "lan1 "), (["write", "?"], "p0.out ")):
            r = subprocess.run([str(STARGCTL), "-s", str(dut.socket), *words],
                               capture_output=True, text=True, timeout=20)
            assert r.returncode == 0 and any(line.startswith(listed) for line in r.stdout.splitlines()), (words, r)


def test_every_show_has_json_and_text():
    shows = ("port info", "port stats", "interface", "route", "neighbor", "mroute", "mroute count",
             "drop", "worker", "memory", "config", "version", f"rpf {SRC}")
    with Router(router(Route(SRC, GRP, "src", to("lan1"))), {}) as dut:
        dut.wait_ready()
        for show in shows:
            assert dut.ctl("show " + show) is not None, show
            r = subprocess.run([str(STARGCTL), "-s", str(dut.socket), "show", *show.split()],
                               capture_output=True, text=True, timeout=20)
            assert r.returncode == 0 and (r.stdout.strip() or show == "drop"), show


def connect(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(5)
    s.connect(str(path))
    return s


def answer(s):
    data = b""
    while not data.endswith(b"\n"):
        part = s.recv(65536)
        if not part:
            return None
        data += part
    return json.loads(data)


def test_hostile_clients_of_the_control_socket():
    """Partial lines, a line of 1 MB, binary, 100 at once, one that never reads."""
    with Router(router(Route(SRC, GRP, "src", to("lan1"))), {}) as dut:
        dut.wait_ready()
        ask = json.dumps({"command": "show mroute", "format": "json"}).encode() + b"\n"
        partial = connect(dut.socket)
        partial.sendall(ask[:10])
        huge = connect(dut.socket)
        with contextlib.suppress(OSError):
            huge.sendall(b"x" * (1 << 20) + b"\n")
        binary = connect(dut.socket)
        with contextlib.suppress(OSError):
            binary.sendall(bytes(range(256)) * 64 + b"\n\0\0\n")
        deaf = connect(dut.socket)
        deaf.setblocking(False)
        with contextlib.suppress(OSError):
            for _ in range(20000):
                deaf.send(ask)
        crowd = [connect(dut.socket) for _ in range(100)]
        for s in crowd:
            s.sendall(ask)
        answers = [answer(s) for s in crowd]
        served = [a for a in answers if a and a.get("status") == 0]
        assert len(served) >= 16, answers[:3]
        for s in crowd:
            s.close()
        partial.sendall(ask[10:])
        assert answer(partial)["status"] == 0
        for s in (partial, huge, binary, deaf):
            s.close()
        time.sleep(0.1)
        assert dut.ctl("show mroute")["routes"]


def test_start_and_stop_park_and_resume_the_workers():
    with Router(router(Route(SRC, GRP, "src", to("lan1")), workers=1), {}) as dut:
        dut.wait_ready()
        dut.ctl("stop")
        assert dut.ctl("show worker")["forwarding"] is False
        dut.ctl("start")
        assert dut.ctl("show worker")["forwarding"] is True


def test_missing_hugepages_name_the_command_that_reserves_them(tmp_path):
    (tmp_path / "starg.conf").write_text(text_of(tmp_path))
    # more than any machine has free
    r = subprocess.run([str(STARGD), "--lcores=0@0", "-m", "1048576", "--", "-c",
                        str(tmp_path / "starg.conf")], capture_output=True, text=True, timeout=30,
                       env=dict(os.environ, XDG_RUNTIME_DIR=str(tmp_path)))
    assert r.returncode == 1 and "scripts/setup" in r.stderr, r.stderr
    assert r.stdout == ""


def test_more_buffers_than_memory_are_refused(tmp_path):
    text = text_of(tmp_path).replace("mbufs = 16384", "mbufs = 67108864")
    r = stargd(tmp_path, text)
    assert r.returncode == 1 and "router.mbufs" in r.stderr and "MB" in r.stderr, r.stderr


def test_unknown_driver_file_is_found_by_the_check(tmp_path):
    text = text_of(tmp_path).replace('name = "p1";', 'name = "p1"; driver = "mlx6";', 1)
    r = stargd(tmp_path, text, "-t")
    assert r.returncode == 2 and "starg.conf:" in r.stderr and "mlx6" in r.stderr, r.stderr


def test_load_takes_regular_files_only(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with Router(router(Route(SRC, GRP, "src", to("lan1"))), {}) as dut:
        dut.wait_ready()
        for name in (tmp_path / "fifo", "/dev/zero", tmp_path):
            r = subprocess.run([str(STARGCTL), "-s", str(dut.socket), "load", str(name)],
                               capture_output=True, text=True, timeout=20)
            assert r.returncode == 1 and str(name) in r.stderr, r.stderr


def test_settings_for_the_next_start_are_named_by_every_reload():
    with Router(router(Route(SRC, GRP, "src", to("lan1"))), {}) as dut:
        dut.wait_ready()
        dut.file.write_text(dut.file.read_text().replace("mbufs = 16384", "mbufs = 20000"))
        for _ in range(2):
            r = subprocess.run([str(STARGCTL), "-s", str(dut.socket), "reload"],
                               capture_output=True, text=True, timeout=20)
            assert r.returncode == 0 and "mbufs" in r.stdout, r.stdout + r.stderr
        assert "mbufs = 16384" in dut.ctl("show config")["config"]
