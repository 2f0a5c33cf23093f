#!/usr/bin/env python3
"""Publishes ticks from one pyzmq process and stores them in Valkey from another; prints ticks per second, first sent to last stored.

Usage: python_bridge.py VALKEY_PORT COUNT. Messages and entries have the fields that ours have. The bridge writes a hundred entries before
it reads their answers. Nothing may be lost: the high-water mark is above the count, and the server is asked how many it has.
"""
import json
import multiprocessing
import socket
import sys
import time

import zmq

TOPIC = b"tick_WDOU25"
KEY = b"qt:tick:WDOU25"
PIPELINE = 100
FIRST_US = 1_754_917_200_000_000
FIELDS = ("kind", "recv_us", "price", "qty", "trade_no", "money", "trade_type", "buyer", "seller", "side", "side_from")


def bulk(value):
    return b"$%d\r\n%b\r\n" % (len(value), value)


def entry(tick):
    parts = [b"XADD", KEY, b"%d-*" % (tick["ts_us"] // 1000), b"ts_us", b"%d" % tick["ts_us"]]
    for name in FIELDS:
        parts.append(name.encode())
        parts.append(str(tick[name]).encode())
    return b"*%d\r\n" % len(parts) + b"".join(map(bulk, parts))


def write(server, entries):
    server.sendall(b"".join(entries))
    lines = 0
    while lines < 2 * len(entries):  # an answer is two lines: the id's length, the id
        answer = server.recv(1 << 16)
        assert b"-ERR" not in answer, answer
        lines += answer.count(b"\n")


def bridge(bus_port, valkey_port, count, results):
    server = socket.create_connection(("127.0.0.1", valkey_port))
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    subscriber = zmq.Context().socket(zmq.SUB)
    subscriber.rcvhwm = 2 * count
    subscriber.subscribe(TOPIC)
    subscriber.connect("tcp://127.0.0.1:%d" % bus_port)
    entries = []
    for _ in range(count):
        _, body = subscriber.recv_multipart()
        entries.append(entry(json.loads(body)))
        if len(entries) == PIPELINE:
            write(server, entries)
            entries.clear()
    if entries:
        write(server, entries)
    done = time.monotonic()
    server.sendall(b"*2\r\n" + bulk(b"XLEN") + bulk(KEY))
    results.put((done, int(server.recv(64)[1:])))


def main():
    valkey_port, count = int(sys.argv[1]), int(sys.argv[2])
    publisher = zmq.Context().socket(zmq.XPUB)
    publisher.sndhwm = 2 * count
    bus_port = publisher.bind_to_random_port("tcp://127.0.0.1")
    results = multiprocessing.Queue()
    multiprocessing.Process(target=bridge, args=(bus_port, valkey_port, count, results), daemon=True).start()
    if not publisher.poll(10_000):
        sys.exit("the bridge did not subscribe")
    publisher.recv()
    start = time.monotonic()
    for i in range(count):
        price, quantity = 5432.5 + i % 17 * 0.5, 1 + i % 9
        tick = {
            "version": 1, "kind": "trade", "symbol": "WDOU25", "ts_us": FIRST_US + i * 1000, "seq": i + 1, "recv_us": FIRST_US + 3000 + i * 1000,
            "price": price, "qty": quantity, "trade_no": 10_000 + i, "money": price * quantity * 10, "trade_type": 2 + i % 2, "buyer": 308, "seller": 85 + i % 5,
            "side": "sell" if i % 2 else "buy", "side_from": "flag",
        }
        publisher.send_multipart([TOPIC, json.dumps(tick).encode()])
    done, stored = results.get(timeout=60)
    if stored != count:
        sys.exit("%d of %d were stored" % (stored, count))
    print(count / (done - start))


if __name__ == "__main__":
    main()
