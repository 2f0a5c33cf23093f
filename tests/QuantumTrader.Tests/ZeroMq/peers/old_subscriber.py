#!/usr/bin/env python3
"""A subscriber as the old system has them: two frames, topic and JSON. Prints COUNT bodies, one a line.

Usage: old_subscriber.py ENDPOINT TOPIC COUNT
"""
import json
import sys

import zmq

endpoint, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
subscriber = zmq.Context().socket(zmq.SUB)
subscriber.setsockopt(zmq.RCVTIMEO, 20_000)
subscriber.setsockopt_string(zmq.SUBSCRIBE, topic)
subscriber.connect(endpoint)
for _ in range(count):
    name, body = subscriber.recv_multipart()
    assert name.decode() == topic
    print(json.dumps(json.loads(body.decode())), flush=True)
