#!/usr/bin/env python3
"""Trains a logistic regression on vectors that qt export wrote, and writes it as ONNX with its manifest.

Usage: train.py features.npz model.onnx [horizon in candles] [seconds per candle]
"""
import hashlib
import json
import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

EMBARGO = 5  # candles that are left out besides those that the labels reach into


def label(data, horizon, candle_seconds):
    """Rows whose price exactly the horizon ahead is known, and whether it is higher."""
    names = list(data["names"])
    price = data["values"][:, names.index("price_current")]
    rows, up = [], []
    for symbol in np.unique(data["symbol"]):
        own = np.flatnonzero(data["symbol"] == symbol)
        now, then = own[:-horizon], own[horizon:]
        whole = data["time"][then] - data["time"][now] == horizon * candle_seconds * 10**9
        usable = whole & data["warm"][now].all(axis=1)
        rows.append(now[usable])
        up.append(price[then[usable]] > price[now[usable]])
    rows, up = np.concatenate(rows), np.concatenate(up)
    order = np.lexsort((data["symbol"][rows], data["time"][rows]))
    return rows[order], up[order].astype(float)


def fit(x, y, l2=1.0):
    """Newton's method on the standardised features; the last weight is the bias."""
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)] = 1
    z = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    penalty = np.append(np.full(x.shape[1], l2), 1e-9)
    weights = np.zeros(z.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-z @ weights))
        gradient = z.T @ (y - p) - penalty * weights
        step = np.linalg.solve((z * (p * (1 - p))[:, None]).T @ z + np.diag(penalty), gradient)
        weights += step
        if np.abs(step).max() < 1e-10:
            break
    return mean, scale, weights


def predict(model, x):
    mean, scale, weights = model
    return 1 / (1 + np.exp(-(((x - mean) / scale) @ weights[:-1] + weights[-1])))


def log_loss(p, y):
    return -np.mean(np.log(np.maximum(np.where(y == 1, p, 1 - p), 1e-9)))


def test_on_the_future(data, rows, y, horizon, candle_seconds):
    """Fits on the first four fifths, purged and with an embargo, and says how the last fifth went."""
    time = data["time"][rows]
    start = time[len(rows) * 4 // 5]
    past = time + (horizon + EMBARGO) * candle_seconds * 10**9 < start
    future = time >= start
    p = predict(fit(data["values"][rows[past]], y[past]), data["values"][rows[future]])
    base = np.full(future.sum(), (y[past].sum() + 1) / (past.sum() + 2))
    print(f"fitted on {past.sum()} rows, tested on {future.sum()}: log-loss {log_loss(p, y[future]):.4f}, base rate's {log_loss(base, y[future]):.4f}")


def to_onnx(model, feature_hash):
    mean, scale, weights = model
    width = len(mean)
    constants = {"mean": mean, "scale": scale, "weights": weights[:-1].reshape(width, 1), "bias": weights[-1:]}
    graph = helper.make_graph(
        [
            helper.make_node("Sub", ["features", "mean"], ["centred"]),
            helper.make_node("Div", ["centred", "scale"], ["scaled"]),
            helper.make_node("Gemm", ["scaled", "weights", "bias"], ["score"]),
            helper.make_node("Sigmoid", ["score"], ["probability_up"]),
        ],
        "logistic",
        [helper.make_tensor_value_info("features", TensorProto.DOUBLE, ["rows", width])],
        [helper.make_tensor_value_info("probability_up", TensorProto.DOUBLE, ["rows", 1])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="train.py")
    file.ir_version = 8
    helper.set_model_props(file, {"feature_hash": feature_hash})
    checker.check_model(file)
    return file.SerializeToString()


def main(source, target, horizon=5, candle_seconds=60):
    data = np.load(source)
    names = [str(name) for name in data["names"]]
    feature_hash = hashlib.sha256("\n".join(names).encode()).hexdigest()
    rows, y = label(data, int(horizon), int(candle_seconds))
    test_on_the_future(data, rows, y, int(horizon), int(candle_seconds))
    model = fit(data["values"][rows], y)
    file = to_onnx(model, feature_hash)
    golden = data["values"][rows[np.linspace(0, len(rows) - 1, 8).astype(int)]]
    manifest = {
        "format": 1,
        "name": "python",
        "model_sha256": hashlib.sha256(file).hexdigest(),
        "features": names,
        "feature_hash": feature_hash,
        "inputs": [{"name": "features", "type": "double", "shape": [-1, len(names)], "window": 1}],
        "outputs": [{"name": "probability_up", "type": "double", "shape": [-1, 1], "role": "probability"}],
        "classes": ["up"],
        "golden": [{"features": row.tolist(), "output": [float(predict(model, row[None, :])[0])]} for row in golden],
        "golden_tolerance": 1e-9,
    }
    with open(target, "wb") as out:
        out.write(file)
    with open(target + ".json", "w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=2)
        out.write("\n")
    print(f"wrote {target} and {target}.json: {len(rows)} rows, feature hash {feature_hash}")


if __name__ == "__main__":
    main(*sys.argv[1:])
