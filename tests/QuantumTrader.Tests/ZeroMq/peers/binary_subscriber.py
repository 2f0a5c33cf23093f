#!/usr/bin/env python3
"""Decodes binary market events by their documented layout. Prints one JSON line per event.

Usage: binary_subscriber.py ENDPOINT TOPIC COUNT
"""
import json
import struct
import sys

import zmq

endpoint, topic, count = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
subscriber = zmq.Context().socket(zmq.SUB)
subscriber.setsockopt(zmq.RCVTIMEO, 20_000)
subscriber.subscribe(topic)
subscriber.connect(endpoint)
seen = 0
while seen < count:
    name, body = subscriber.recv_multipart()
    magic, size, events, first = struct.unpack_from("<4sHHq", body)
    assert name == topic and magic == b"QTM1" and size == 64 and len(body) == 16 + 64 * events
    for i in range(events):
        e = struct.unpack_from("<qqqqqqiiiBbBB", body, 16 + 64 * i)
        print(json.dumps({"seq": first + i, "ts_ns": e[1], "price": e[3] / 1e8, "qty": e[4] / 1e8, "trade_no": e[5], "kind": e[9], "side": e[10]}), flush=True)
    seen += events
