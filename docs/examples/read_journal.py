"""Prints the events of a journal segment. Needs nothing but Python 3. Usage: read_journal.py SEGMENT.qtj"""
import json
import struct
import sys
import zlib

CRC_TABLE = []
for i in range(256):
    crc = i
    for _ in range(8):
        crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    CRC_TABLE.append(crc)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def blocks(data):
    """Every whole block: (header as dict, payload)."""
    magic, version, crc = struct.unpack_from("<8sII", data)
    if magic != b"QTJRNL\r\n" or version != 1 or crc != crc32c(data[16:64]):
        sys.exit("not a journal segment of version 1")
    at = 64
    while at + 64 <= len(data):
        head = data[at:at + 64]
        magic, head_crc, payload_crc, stored, raw, count, ordinal, low, high, stream, kind, codec, flags, offset = struct.unpack("<4sIIiiiqqqIHBBq", head)
        payload = data[at + 64:at + 64 + stored] if magic == b"QTB1" else b""
        if magic != b"QTB1" or head_crc != crc32c(head[8:]) or offset != at or payload_crc != crc32c(payload):
            at += 64  # damaged, or the end: the next block begins at a multiple of 64
            continue
        at += 64 + (stored + 63) // 64 * 64
        yield {"count": count, "stream": stream, "type": kind, "codec": codec, "raw": raw, "ordinal": ordinal}, payload


def from_columns(columns, count):
    """Undoes the columns of codec 2: byte ranks together, each value less the one before."""
    size = len(columns) // count - 4
    out = bytearray(len(columns))
    for word in range(size // 8):
        base, value = word * count * 8, 0
        for i in range(count):
            value = (value + sum(columns[base + rank * count + i] << (8 * rank) for rank in range(8))) & (2 ** 64 - 1)
            struct.pack_into("<Q", out, i * size + word * 8, value)
    base, value = count * size, 0
    for i in range(count):
        value = (value + sum(columns[base + rank * count + i] << (8 * rank) for rank in range(4))) & (2 ** 32 - 1)
        struct.pack_into("<I", out, base + i * 4, value)
    return bytes(out)


def fields(record, names):
    at, found = 0, {}

    def unsigned():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = record[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(record):
        name, tag = names[record[at]], record[at + 1]
        at += 2
        if tag in (1, 4):
            found[name] = struct.unpack_from("<q" if tag == 1 else "<d", record, at)[0]
            at += 8
        elif tag in (2, 3):
            zigzag = unsigned()
            value = (zigzag >> 1) ^ -(zigzag & 1)
            found[name] = value if tag == 2 else value / 1e8
        elif tag == 5:
            length = unsigned()
            found[name] = record[at:at + length].decode()
            at += length
        else:
            length = unsigned()
            found[name] = list(struct.unpack_from(f"<{length}{'d' if tag == 6 else 'Q'}", record, at))
            at += 8 * length
    return found


types, streams = {}, {}
with open(sys.argv[1], "rb") as file:
    segment = file.read()
for header, payload in blocks(segment):
    if header["type"] == 0:
        names = json.loads(payload)
        types = {t["number"]: t for t in names["types"]}
        streams = {s["number"]: s for s in names["streams"]}
    if header["count"] == 0:
        continue
    if header["codec"]:
        payload = zlib.decompress(payload, -15)
        if header["codec"] == 2:
            payload = from_columns(payload, header["count"])
    count, kind = header["count"], types[header["type"]]
    numbers = struct.unpack_from(f"<{count}I", payload, len(payload) - 4 * count)
    at = 0
    for i in range(count):
        stream = streams[header["stream"] or numbers[i]]
        where = f"{stream['channel']} {stream['symbol']}"
        if kind["record_bytes"]:  # a MarketEvent: see docs/journal.md
            sequence, time, received, price, quantity, number = struct.unpack_from("<qqqqqq", payload, at)
            print(f"{where} {time} number {number} price {price / 1e8} quantity {quantity / 1e8}")
            at += kind["record_bytes"]
        else:
            length, time, number = struct.unpack_from("<iqq", payload, at)
            print(f"{where} {time} {fields(payload[at + 20:at + length], kind['fields'])}")
            at += length
