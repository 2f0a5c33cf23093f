#!/usr/bin/env python3
"""Publishes what it reads: each input line is a topic, a tab and a body. Prints its port first, and waits for SUBSCRIPTIONS of them.

Usage: publisher.py SUBSCRIPTIONS
"""
import sys

import zmq

publisher = zmq.Context().socket(zmq.XPUB)
publisher.setsockopt(zmq.LINGER, 5_000)
print(publisher.bind_to_random_port("tcp://127.0.0.1"), flush=True)
for _ in range(int(sys.argv[1])):
    assert publisher.poll(20_000), "nobody subscribed"
    publisher.recv()
for line in sys.stdin:
    topic, body = line.rstrip("\n").split("\t")
    publisher.send_multipart([topic.encode(), body.encode()])
publisher.close()
zmq.Context.instance().term()
