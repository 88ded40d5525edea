#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What the tests do not ask of FRR 8.4.4, asked of FRRs among themselves: sudo tests/lab/frr_alone.py [RUNS] [NAME...]

A row tells in how many runs FRR did it. A row that reaches all of them belongs into the tests.
"""
import sys
import time

from lab import Lab
from pim_net import UDP
from stream import Receiver, settle
from test_pim_assert import SOURCE, SSM, Rivals
from test_pim_lan import B, GROUP, Diamond, agreed
from test_pim_roles import ROLES, Line
from test_pim_source_lan import X, SourceLan, registering


def happens(condition, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def duplicate_free(net, receiver) -> bool:
    sender = net.sender(receiver.group)
    happens(lambda: sender.sent > 1000, 30)
    sender.stop()
    settle(sender, [receiver])
    return receiver.report(sender.stream, sender.sent).duplicated == 0


def spt_bit(lab) -> bool:
    """The last hop shows the SPT bit of a source whose packets arrive."""
    for net in Line(lab, dict.fromkeys(ROLES, "frr")).running():
        net.flowing([Receiver(net.rcv, UDP, GROUP, "eth0")])
        return happens(lambda: "T" in (net.last.mroute("10.0.0.1", GROUP) or {"flags": ""})["flags"], 20)


def outputs_end(lab) -> bool:
    """The RP has no output left when the last receiver has gone."""
    for net in Line(lab, dict.fromkeys(ROLES, "frr")).running():
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0")
        net.flowing([receiver])
        receiver.close()
        return happens(lambda: not (net.rp.mroute("10.0.0.1", GROUP) or {"outputs": ()})["outputs"], 30)


def asserts(lab) -> bool:
    """One of two forwarders to a LAN gives in."""
    for net in Rivals(lab, ("frr", "frr"), ("frr", "frr"), (10, 20)).running():
        receivers = [net.member(host, SSM) for host in (*net.hosts, net.watcher)]
        sender = net.flowing(receivers)
        happens(lambda: all("T" in (r.mroute(SOURCE, SSM) or {"flags": ""})["flags"] for r in net.above), 70)
        sender.stop()
        net.flowing(receivers, packets=600).stop()
        return duplicate_free(net, receivers[2])


def dr_gives_in(lab) -> bool:
    """Who has been the DR while the real one was away stops forwarding when that is back."""
    for net in Diamond(lab, *["frr"] * 3).running():
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0")
        net.flowing([receiver]).stop()
        net.b.down()
        agreed(net, net.at_a, net.a, net.c)
        net.flowing([receiver], packets=1000).stop()
        net.b.up()
        agreed(net, B, net.a, net.b, net.c)
        net.flowing([receiver], packets=1200).stop()
        return duplicate_free(net, receiver)


def new_dr_registers(lab) -> bool:
    """The DR's successor registers a source that was there before."""
    for net in SourceLan(lab, "frr", "frr").running():
        raws = [net.rp.raw(net.rp.end(port)) for port in ("e0", "e1")]
        for raw in raws:
            raw.setblocking(False)
        net.flowing([Receiver(net.rcv, UDP, GROUP, "eth0")], packets=400)
        net.y.down()
        return happens(lambda: registering(raws) & X, 30)


CHECKS = (spt_bit, outputs_end, asserts, dr_gives_in, new_dr_registers)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for check in CHECKS:
        if sys.argv[2:] and check.__name__ not in sys.argv[2:]:
            continue
        did = 0
        for _ in range(runs):
            with Lab("frr") as lab:
                did += bool(check(lab))
        print(f"{did} of {runs}  {check.__name__}: {check.__doc__}", flush=True)


if __name__ == "__main__":
    main()
