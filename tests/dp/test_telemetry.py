# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""DPDK telemetry of the real stargd: DPDK's own script, raw clients, many at once, and at the end."""
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading

import pytest
from packets import *
from starg_dp import Router

SCRIPT = pathlib.Path("/usr/bin/dpdk-telemetry.py")
CLIENTS_MAX = 10  # of DPDK 22.11
ANSWER_MAX = 16 * 1024


def running(*routes, **kw):
    return Router(router(*(routes or (Route(SRC, GRP, "src", to("lan1")),)), **kw), {})


class Client:
    """A connection to the telemetry socket; refused is True where DPDK has too many already."""

    def __init__(self, directory):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(10)
        self.s.connect(f"{directory}/dpdk_telemetry.v2")
        try:
            hello = self.s.recv(ANSWER_MAX)
        except ConnectionResetError:
            hello = b""
        self.refused = not hello
        if hello:
            assert json.loads(hello)["max_output_len"] == ANSWER_MAX

    def raw(self, request: bytes) -> bytes:
        self.s.send(request)
        return self.s.recv(2 * ANSWER_MAX)

    def ask(self, name, *params):
        got = self.raw(",".join((name, *map(str, params))).encode())
        assert len(got) <= ANSWER_MAX
        answer = json.loads(got)
        assert list(answer) == [name]
        return answer[name]

    def close(self):
        self.s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def directory(dut):
    return dut.ctl("show version")["runtime_dir"]


def script(dut, *requests):
    version = dut.ctl("show version")
    env = dict(os.environ, XDG_RUNTIME_DIR=str(dut.dir))
    r = subprocess.run([str(SCRIPT), "-f", version["file_prefix"]], input="\n".join(requests) + "\n",
                       capture_output=True, text=True, timeout=20, env=env)
    assert r.returncode == 0, r.stderr
    return [json.loads(line) for line in r.stdout.splitlines() if line.startswith("{")]


@pytest.mark.skipif(not SCRIPT.exists(), reason="dpdk-telemetry.py is not installed")
def test_dpdk_telemetry_py_reads_every_endpoint():
    packets = [udp(n) for n in range(20)]
    with Router(router(Route(SRC, GRP, "src", to("lan1", "lan2"))), {"p0": packets}) as dut:
        dut.wait_ready()
        dut.wait_done()
        with Client(directory(dut)) as c:
            names = list(c.ask("/starg/help"))
        assert {"/starg/worker", "/starg/routes", "/starg/oifs", "/starg/drops"} <= set(names)
        answers = script(dut, "/", *names)
        assert [list(a)[0] for a in answers] == ["/", *names]
        assert set(names) <= set(answers[0]["/"])
        told = script(dut, f"/starg/route,{SRC},{GRP}", "/starg/interface,lan1", "/starg/worker,0",
                      "/starg/drops", "/starg/memory", f"/starg/oifs,{SRC},{GRP}",
                      "/starg/hold", "/starg/police", "/help,/starg/routes")
        route, lan1, worker, drops, memory, oifs, hold, police, text = (
            list(a.values())[0] for a in told)
        shown = dut.ctl("show mroute")["routes"][0]
        assert route["counters"]["packets"] == shown["counters"]["packets"] == 20
        assert [o["packets"] for o in oifs["outputs"].values()] == [20, 20]
        assert lan1["counters"]["tx_packets"] == 20 and lan1["admin"] == 1
        assert worker["rx_packets"] == 20
        assert drops == {d["reason"]: d["packets"] for d in dut.ctl("show drop all")["drops"]}
        assert memory["mbufs"] == dut.ctl("show memory")["mbufs"]
        assert hold["packets"] == 64 and hold["on"] == 0 and hold["kept"] == 0
        assert {p["name"] for p in police["ports"].values()} >= {"p0", "p1"}
        assert "OFFSET" in text["/starg/routes"]


def test_pages_of_several_thousand_routes_hold_each_once():
    routes = {(f"10.9.{n // 200}.{n % 200 + 1}", f"239.5.{n % 7}.1") for n in range(4000)}
    routes |= {(f"2001:db8::{n + 1:x}", "ff3e::8000:1") for n in range(1000)}
    with running() as dut:
        dut.wait_ready()
        (dut.dir / "routes").write_text(
            "".join(f"add route {s} {g} input any output lan1\n" for s, g in sorted(routes)))
        assert dut.ctl(f"load {dut.dir}/routes")["commands"] == len(routes)
        seen, pages, offset = [], 0, 0
        with Client(directory(dut)) as c:
            while offset is not None:
                page = c.ask("/starg/routes", offset)
                assert page["total"] == len(routes) + 1
                seen += [(r["source"], r["group"]) for r in page["routes"].values()]
                offset, pages = page.get("next"), pages + 1
            assert sorted(seen) == sorted(routes | {(SRC, GRP)})
            assert pages < len(routes) / 10
            # a few at a time, while others go
            offset, few = 0, []
            gone = sorted(routes)[:200]
            while offset is not None:
                page = c.ask("/starg/routes", offset, 7)
                assert len(page["routes"]) <= 7
                few += [(r["source"], r["group"]) for r in page["routes"].values()]
                offset = page.get("next")
                if gone and len(few) % 5 == 0:
                    dut.ctl("del route {} {}".format(*gone.pop()))
            assert routes - set(sorted(routes)[:200]) <= set(few)


def test_garbage_is_answered_and_harms_nobody(seed):
    rng = random.Random(seed)
    with running() as dut:
        dut.wait_ready()
        with Client(directory(dut)) as c:
            for request in (b"/starg/routes,x", b"/starg/routes,-1", b"/starg/route,,,,,,,",
                            b"/starg/interface,nothing", b"/starg/interface,\"lan1", b"/starg/show,",
                            b"/starg/oifs,10.0.0.1,239.1.1.1,99999999999999999999",
                            b"/starg/worker,4294967296", b"/starg/show,\"; shutdown"):
                answer = json.loads(c.raw(request))
                name = request.split(b",")[0].decode()
                assert answer[name] is None or "error" in answer[name], answer
            names = [n.encode() for n in c.ask("/starg/help")]
            for _ in range(300):
                # no control characters: DPDK repeats what it does not know, as it came
                request = rng.choice(names) + b"," + bytes(
                    rng.choice(b"0123456789.,:*/ abgimnort\"\\-") for _ in range(rng.randrange(900)))
                answer = c.raw(request)
                assert 2 < len(answer) <= ANSWER_MAX
                json.loads(answer)
            for _ in range(200):
                assert c.raw(bytes(rng.randrange(1, 256) for _ in range(rng.randrange(1, 1000))))
            assert c.ask("/starg/route", SRC, GRP)["source"] == SRC
        assert dut.ctl("show mroute")["routes"]


def test_twenty_clients_at_once_get_their_own_answers():
    """DPDK serves ten and closes the others; who is served gets answers to his own questions."""
    wrong, served, refused = [], [], []

    def client(path, name):
        for _ in range(6):
            try:
                c = Client(path)
                if c.refused:
                    refused.append(name)
                    continue
                with c:
                    for _ in range(60):
                        got = c.ask("/starg/interface", name)
                        if got.get("name") != name:
                            wrong.append((name, got))
                    served.append(name)
            except OSError as e:  # closed by DPDK between connect and hello
                refused.append((name, e))

    with running() as dut:
        dut.wait_ready()
        path = directory(dut)
        threads = [threading.Thread(target=client, args=(path, ("src", "lan1", "lan2")[n % 3]))
                   for n in range(20)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not wrong, wrong[:3]
        assert len(served) >= CLIENTS_MAX, (served, refused[:3])
        assert dut.ctl("show worker")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "shutdown"])
def test_router_leaves_while_clients_ask(how):
    with running() as dut:
        dut.wait_ready()
        path = directory(dut)
        stop, asked = threading.Event(), []

        def client():
            try:
                with Client(path) as c:
                    while not stop.is_set():
                        asked.append(c.ask("/starg/routes"))
            except (OSError, ValueError, AssertionError):
                pass  # it has gone

        threads = [threading.Thread(target=client) for _ in range(6)]
        for t in threads:
            t.start()
        while len(asked) < 50:
            pass
        if how == "shutdown":
            dut.ctl("shutdown")
        else:
            dut.proc.send_signal(how)
        assert dut.proc.wait(10) == 0, dut.log_text()
        stop.set()
        for t in threads:
            t.join()
        assert not pathlib.Path(path).exists()


def test_two_routers_have_a_directory_each():
    with running() as a, running() as b:
        a.wait_ready()
        b.wait_ready()
        assert directory(a) != directory(b)
        for dut in (a, b):
            with Client(directory(dut)) as c:
                assert c.ask("/starg/version")["pid"] == dut.proc.pid


def test_telemetry_can_be_left_out():
    with running(router_extra="telemetry = false;") as dut:
        dut.wait_ready()
        assert dut.ctl("show version")["telemetry"] is False
        assert not (pathlib.Path(directory(dut)) / "dpdk_telemetry.v2").exists()
        assert "telemetry = false" in dut.ctl("show config")["config"]
