"""A second implementation of Route (XXH64 over length-prefixed salt, unit and key), written from the specification of xxHash.

Reads lines "salt<TAB>unit<TAB>text|number<TAB>key<TAB>hash<TAB>sides" and exits with 1 at the first that it does not agree with.
The sides are one letter (c or b) for each of 0, 1, 10, 50, 99.99 and 100 percent.
"""
import struct
import sys

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = 11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261
SHARES = (0, 100, 1000, 5000, 9999, 10000)


def rotate(value, by):
    return ((value << by) | (value >> (64 - by))) & MASK


def lane(accumulator, word):
    return rotate((accumulator + word * P2) & MASK, 31) * P1 & MASK


def xxh64(data):
    rest = data
    if len(data) >= 32:
        lanes = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while len(rest) >= 32:
            lanes = [lane(a, w) for a, w in zip(lanes, struct.unpack("<4Q", rest[:32]))]
            rest = rest[32:]
        value = sum(rotate(a, r) for a, r in zip(lanes, (1, 7, 12, 18))) & MASK
        for a in lanes:
            value = ((value ^ lane(0, a)) * P1 + P4) & MASK
    else:
        value = P5
    value = (value + len(data)) & MASK
    while len(rest) >= 8:
        value = (rotate(value ^ lane(0, struct.unpack("<Q", rest[:8])[0]), 27) * P1 + P4) & MASK
        rest = rest[8:]
    if len(rest) >= 4:
        value = (rotate(value ^ (struct.unpack("<I", rest[:4])[0] * P1 & MASK), 23) * P2 + P3) & MASK
        rest = rest[4:]
    for byte in rest:
        value = rotate(value ^ (byte * P5 & MASK), 11) * P1 & MASK
    value = (value ^ (value >> 33)) * P2 & MASK
    value = (value ^ (value >> 29)) * P3 & MASK
    return value ^ (value >> 32)


def part(data):
    return struct.pack("<i", len(data)) + data


def main(path):
    checked = 0
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        salt, unit, kind, key, expected, sides = line.rstrip("\n").split("\t")
        raw = struct.pack("<q", int(key)) if kind == "number" else key.encode()
        value = xxh64(part(salt.encode()) + part(unit.encode()) + part(raw))
        found = "".join("c" if share == 10000 or value < share * 2**64 // 10000 else "b" for share in SHARES)
        if value != int(expected) or found != sides:
            print(f"line {number}: {value} {found}, expected {expected} {sides}")
            return 1
        checked += 1
    print(f"{checked} routes agree")
    return 0


sys.exit(main(sys.argv[1]))
