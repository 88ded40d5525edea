# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""trace: what it tells of a packet is what happens to it, and nothing else happens because of it."""
import json
import socket
from collections import Counter

import pytest
from headers import outer_normal
from live_dp import Live
from oracle import Oracle
from packets import *
from starg_dp import check_drops, check_frames, check_routes
from test_bad_input import CASES

HER = (Output("lan1", unicast="10.1.0.5", port=6000), Output("lan2", unicast="10.2.0.5", ttl=9),
       Output("lan2", unicast="10.2.0.77"))
S6 = "2001:db8::1"  # as the router writes it
HER6 = (Output("lan1", unicast="2001:db8:1::5", port=6000),)
MANY = to("lan1", "lan2", "v100", "gre0", "gre7", "src")


def traced(config, inputs, command, **kw):
    """The answer of a trace that was armed before the packets came, and everything else."""
    with Live(config) as r:
        r.wait_ready()
        asked = r.ask(command, **kw).armed()
        r.feed(inputs)
        output = asked.output()
        r.wait_done()
        return output, r.collect()


def copies(packet):
    """The bytes of the copies that were sent, by port; ids of outer headers as the oracle has them."""
    return Counter((o["port"], outer_normal(bytes.fromhex(o["frame"]["bytes"])))
                   for o in packet["outputs"] if o["sent"])


def expected_copies(config, port, frame):
    exp = Oracle(config).run({port: [frame]})
    return Counter((p, f) for p, frames in exp.frames.items() for f in frames), exp


def check_story(config, inputs, port, trace, result):
    """Every packet's copies are those that the oracle makes of it, and what left is what left without."""
    for packet, frame in zip(trace["packets"], inputs[port]):
        assert bytes.fromhex(packet["frame"]["bytes"]) == frame[:256]
        want, exp = expected_copies(config, port, frame)
        assert copies(packet) == want
        told = Counter(o["reason"] for o in packet["outputs"] if not o["sent"])
        assert told + Counter([packet["reason"]] if packet["reason"] else []) == +exp.drops
    exp = Oracle(config).run(inputs)
    check_frames(exp, result)
    check_drops(exp, result)
    check_routes(exp, config, result)


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_copies_are_what_leaves(workers):
    config = router(Route(SRC, GRP, "src", MANY + HER), workers=workers)
    inputs = {"p0": [udp(i, size=20 * i, ttl=2 + i) for i in range(8)]}
    trace, result = traced(config, inputs, f"trace {SRC} {GRP} 8")
    assert trace["ended"] == "complete" and trace["lost"] == 0
    assert [p["verdict"] for p in trace["packets"]] == ["forwarded"] * 8
    check_story(config, inputs, "p0", trace, result)


def test_copies_of_ipv6_are_what_leaves():
    config = router6(Route(S6, GRP6, "src", to("lan1", "lan2", "v100", "gre7", "gre4", "src") + HER6))
    inputs = {"p0": [udp6(i, size=10 * i) for i in range(5)]}
    trace, result = traced(config, inputs, f"trace {S6} {GRP6} 5")
    assert len(trace["packets"]) == 5
    check_story(config, inputs, "p0", trace, result)


def test_shared_and_split_copies_are_what_leaves():
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2")), mac="02:00:00:00:00:aa")
    inputs = {"p0": [udp(i, size=s) for i, s in enumerate((0, 200, 201, 226, 227, 300, 1400))]}
    trace, result = traced(config, inputs, f"trace {SRC} {GRP} 7")
    assert any(o["shared"] for p in trace["packets"] for o in p["outputs"])
    for packet, frame in zip(trace["packets"], inputs["p0"]):
        want, _ = expected_copies(config, "p0", frame)
        assert Counter((p, f[:200]) for p, f in copies(packet)) == Counter((p, f[:200]) for p, f in want)
    check_frames(Oracle(config).run(inputs), result)


def test_fragments_are_told_one_by_one():
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2")))
    config.interfaces = [i if i.name != "lan2" else Iface("lan2", "p2", address=("10.2.0.1/24",), mtu=228)
                         for i in config.interfaces]
    inputs = {"p0": [udp(1, size=800, flags=0)]}
    trace, result = traced(config, inputs, f"trace {SRC} {GRP}")
    (packet,) = trace["packets"]
    pieces = [o for o in packet["outputs"] if o["fragment"]]
    assert [o["fragment"] for o in pieces] == list(range(1, len(pieces) + 1)) and len(pieces) == 4
    assert [bytes.fromhex(o["frame"]["bytes"]) for o in pieces] == result.frames["p2"]
    assert packet["outputs_total"] == 2 and packet["result"].startswith("forwarded: 2 of 2")


def test_tunnel_is_told():
    config = router(Route("*", GRP, ("gre0", "gre7"), to("lan2")))
    inputs = {"p1": [in_gre(udp_ip(n=1)), in_gre(udp_ip(n=2), src=PEER_KEYED, key=7, checksum=True)]}
    trace, result = traced(config, inputs, f"trace * {GRP} 2")
    assert [p["tunnel"] for p in trace["packets"]] == ["gre0", "gre7"]
    assert [p["interface"] for p in trace["packets"]] == ["lan1", "lan1"]
    for p in trace["packets"]:
        assert [s["step"] for s in p["steps"]] == ["receive", "classify", "decap", "classify",
                                                   "lookup", "input", "ttl"]
    assert trace["packets"][1]["frame"]["gre"] == {"key": 7, "checksum": True}
    check_story(config, inputs, "p1", trace, result)


def readable(frame):
    """Whether a probe of any group can see whom the frame is for."""
    ip = frame[14:] if frame[12:14] == b"\x08\0" else frame[18:] if frame[16:18] == b"\x08\0" else b""
    if len(ip) < 20:
        return False
    if 224 <= ip[16] <= 239:
        return True
    at = (ip[0] & 15) * 4
    if ip[9] != 47 or at < 20 or len(ip) < at + 4 or ip[at + 2:at + 4] != b"\x08\0":
        return False
    inner = ip[at + 4 + 4 * bin(ip[at] >> 4 & 0b1011).count("1"):]
    return len(inner) >= 20 and 224 <= inner[16] <= 239


def test_drop_reasons_have_their_names():
    config = router(Route(SRC, GRP, "src", to("lan1")))
    for port in ("p0", "p1", "p2"):
        cases = [(name, frame, reason) for name, p, frame, reason in CASES
                 if p == port and readable(frame)]
        inputs = {port: [frame for _, frame, _ in cases]}
        with Live(config) as r:
            r.wait_ready()
            asked = r.ask(f"trace * * {len(cases)}").armed()
            r.feed(inputs)
            trace = asked.output()
        told = [(name, p["reason"] or p["verdict"]) for (name, _, _), p in zip(cases, trace["packets"])]
        assert told == [(name, reason) for name, _, reason in cases]
        for p in trace["packets"]:
            assert p["reason"] in p["result"] and p["outputs"] == [] and not p["steps"][-1]["ok"]


OUTPUTS = [
    # why, route, ttl
    ("oif_ttl_threshold", Route(SRC, GRP, "src", to("lan1") + to("lan2", ttl_threshold=16))),
    ("oif_unresolved", Route(SRC, GRP, "src", to("lan1") + (Output("lan2", unicast="10.2.0.77"),))),
    ("oif_down", Route(SRC, GRP, "src", to("lan1", "down0"))),
    ("oif_input", Route(SRC, GRP, "src", to("lan1", "src"))),
    ("oif_mtu", Route(SRC, GRP, "src", to("lan1", "small"))),
    ("only_input", Route(SRC, GRP, "any", to("src"))),
]


@pytest.mark.parametrize("reason,route", OUTPUTS, ids=[o[0] for o in OUTPUTS])
def test_outputs_that_do_not_take_it_say_why(reason, route):
    config = router(route)
    config.interfaces += [Iface("down0", "p2", vlan=9, address=("10.3.0.1/24",), shutdown=True),
                          Iface("small", "p2", vlan=10, address=("10.4.0.1/24",), mtu=100)]
    inputs = {"p0": [udp(1, size=200, flags="DF")]}
    trace, result = traced(config, inputs, f"trace {SRC} {GRP}")
    (packet,) = trace["packets"]
    assert reason in [o["reason"] for o in packet["outputs"]]
    check_story(config, inputs, "p0", trace, result)


def test_wrong_input_names_the_expected_one():
    config = router(Route(SRC, GRP, ("src", "gre0"), to("lan1")))
    trace, _ = traced(config, {"p2": [udp(1)]}, f"trace {SRC} {GRP}")
    step = trace["packets"][0]["steps"][-1]
    assert step == {"step": "input", "ok": False,
                    "text": "dropped: wrong_if: came in on lan2, the route accepts src, gre0"}


def test_route_without_output():
    config = router(Route(SRC, GRP, "src", ()))
    trace, _ = traced(config, {"p0": [udp(1)]}, f"trace {SRC} {GRP}")
    assert trace["packets"][0]["reason"] == "no_output"


def test_longest_match_is_named():
    config = router(Route("*", "239.1.0.0/16", "src", to("lan1")),
                    Route("10.0.0.0/8", "239.1.1.0/24", "src", to("lan2")))
    trace, _ = traced(config, {"p0": [udp(1)]}, "trace 10.0.0.0/24 239.1.1.0/24")
    route = trace["packets"][0]["route"]
    assert (route["source"], route["group"]) == ("10.0.0.0/8", "239.1.1.0/24")
    assert route["outputs"] == len(trace["packets"][0]["outputs"])


def test_other_flows_are_not_shown():
    config = router(Route("*", "239.0.0.0/8", "src", to("lan1")))
    frames = [udp(i, dst=f"239.1.1.{i % 4}", src=f"10.0.0.{1 + i % 3}") for i in range(120)]
    trace, result = traced(config, {"p0": frames}, "trace 10.0.0.2 239.1.1.1 10")
    assert {(i["source"], i["destination"]) for p in trace["packets"] for i in p["frame"]["ip"]} \
        == {("10.0.0.2", "239.1.1.1")}
    check_frames(Oracle(config).run({"p0": frames}), result)


def test_thousands_of_outputs_are_cut_and_counted():
    outputs = tuple(Output("lan1", unicast="10.1.0.5", port=1000 + i) for i in range(1000))
    config = router(Route(SRC, GRP, "src", outputs), mbufs=32768)
    trace, result = traced(config, {"p0": [udp(1)]}, f"trace {SRC} {GRP}")
    (packet,) = trace["packets"]
    assert len(packet["outputs"]) == 256 and packet["outputs_lost"] == 744
    assert packet["outputs_total"] == 1000 and len(result.frames["p1"]) == 1000


def test_text_is_a_story():
    config = router(Route(SRC, GRP, "src", to("lan1", "gre7") + (Output("lan2", ttl_threshold=99),)))
    text, _ = traced(config, {"p0": [udp(1)]}, f"trace {SRC} {GRP}", json_format=False)
    words = [line.split()[0] for line in text.splitlines() if line.startswith("  ") and line[2] != " "]
    assert words[:5] == ["receive", "classify", "lookup", "input", "ttl"]
    assert words[5:] == ["output"] * 3 + ["result"]
    assert "TTL 16 is not above the threshold 99" in text
    assert "gre7 through lan1" in text and "gre key 7" in text and "forwarded: 2 of 3" in text


@pytest.mark.parametrize("workers", [1, 2])
def test_under_a_flood_the_next_packets_are_shown_and_nothing_is_lost(workers):
    config = router(Route("*", "239.0.0.0/8", "any", to("lan1", "gre0")), workers=workers)
    frames = [udp(i, dst=f"239.1.{i % 7}.1") for i in range(5000)]
    trace, result = traced(config, {"p0": frames, "p2": frames[:2000]}, "trace * 239.1.3.1 64")
    assert len(trace["packets"]) == 64
    for p in trace["packets"]:
        want, _ = expected_copies(config, p["port"], bytes.fromhex(p["frame"]["bytes"]))
        assert copies(p) == want
    exp = Oracle(config).run({"p0": frames, "p2": frames[:2000]})
    assert {p: Counter(f) for p, f in result.frames.items()} \
        == {p: Counter(f) for p, f in exp.frames.items()}


# --- the command's end ---------------------------------------------------------------------------

@pytest.fixture(scope="module")
def idle():
    with Live(router(Route(SRC, GRP, "src", to("lan1")))) as r:
        r.wait_ready()
        yield r


def test_time_runs_out(idle):
    answer = idle.ask(f"trace {SRC} {GRP} 3 timeout 1").armed().output()
    assert answer["ended"] == "timeout" and answer["packets"] == [] and answer["elapsed_ms"] >= 1000


def test_others_are_served_meanwhile_and_it_can_be_cancelled(idle):
    asked = idle.ask(f"trace {SRC} {GRP}").armed()
    assert idle.ctl("show version")["name"] == "dut"
    asked.send({"cancel": True})
    assert asked.output()["ended"] == "cancelled"


def test_requests_behind_it_wait_for_its_end(idle):
    asked = idle.ask(f"trace {SRC} {GRP} 3 timeout 1").armed()
    asked.send({"command": "show version", "format": "json"})
    while "progress" in (first := asked.line()):
        pass
    assert first["output"]["ended"] == "timeout"
    assert asked.line()["output"]["name"] == "dut"
    asked.send({"cancel": True})  # nothing runs: nothing is said
    asked.send({"command": "show version", "format": "json"})
    assert asked.line()["output"]["name"] == "dut"
    asked.close()


def test_client_that_leaves_frees_its_probe(idle):
    for _ in range(3):
        for asked in [idle.ask(f"trace {SRC} {GRP}").armed() for _ in range(4)]:
            asked.close()
        while (asked := idle.ask(f"trace {SRC} {GRP}")).line().get("status") == 1:
            asked.close()
        asked.close()


def test_fifth_probe_is_refused(idle):
    four = [idle.ask(f"trace {SRC} {GRP}").armed() for _ in range(4)]
    refused = idle.ask(f"trace {SRC} {GRP}").answer()
    assert refused["status"] == 1 and "4 traces and captures run already" in refused["error"]
    for asked in four:
        asked.send({"cancel": True})
        assert asked.output()["ended"] == "cancelled"


def test_half_closed_client_gets_its_answer(idle):
    asked = idle.ask(f"trace {SRC} {GRP} timeout 1").armed()
    asked.sock.shutdown(socket.SHUT_WR)
    assert asked.output()["ended"] == "timeout"


@pytest.mark.parametrize("command,part", [
    (f"trace {SRC} {GRP} 65", "1 to 64 packets"), (f"trace {SRC} {GRP} 0", "1 to 64 packets"),
    ("trace 10.0.0.1 ff3e::1", "different families"), (f"trace {GRP} {GRP}", "does not fit"),
    (f"trace {SRC} {GRP} timeout 0", "does not fit")])
def test_wrong_words_are_explained(idle, command, part):
    answer = idle.ask(command).answer()
    assert answer["status"] == 1 and part in answer["error"], json.dumps(answer)


def test_router_that_leaves_answers_first():
    with Live(router(Route(SRC, GRP, "src", to("lan1")))) as r:
        r.wait_ready()
        asked = r.ask(f"trace {SRC} {GRP}").armed()
        r.stop()
        assert asked.output()["ended"] == "shutdown"
