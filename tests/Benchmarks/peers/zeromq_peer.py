#!/usr/bin/env python3
"""Sends two-part messages of 64 bytes from one pyzmq process to another over tcp loopback and prints messages per second.

Usage: zeromq_peer.py COUNT. Nothing may be lost: the high-water mark is above the count, and the receiver counts.
"""
import multiprocessing
import sys
import time

import zmq

TOPIC = b"tick_DEMO"


def receive(port, count, results):
    socket = zmq.Context().socket(zmq.SUB)
    socket.rcvhwm = 2 * count
    socket.subscribe(TOPIC)
    socket.connect("tcp://127.0.0.1:%d" % port)
    receive_multipart = socket.recv_multipart
    for _ in range(count):
        receive_multipart(copy=True)
    results.put(time.monotonic())


def main():
    count = int(sys.argv[1])
    socket = zmq.Context().socket(zmq.XPUB)
    socket.sndhwm = 2 * count
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    results = multiprocessing.Queue()
    receiver = multiprocessing.Process(target=receive, args=(port, count, results), daemon=True)
    receiver.start()
    if not socket.poll(10_000):
        sys.exit("the receiver did not subscribe")
    socket.recv()
    body = bytes(64)
    message = [TOPIC, body]
    send_multipart = socket.send_multipart
    start = time.monotonic()
    for _ in range(count):
        send_multipart(message)
    print(count / (results.get(timeout=60) - start))


if __name__ == "__main__":
    main()
