"""Makes the models of this folder with ONNX's own Python package (Debian: python3-onnx 1.12, python3-numpy).

Run it here to make them again: python3 make_models.py. The same numbers come out every time.
"""
import numpy
from onnx import TensorProto, TypeProto, checker, helper, numpy_helper, save

FLOAT, DOUBLE, INT64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64
RANDOM = numpy.random.RandomState(7)


def tensor(name, values, kind=numpy.float32):
    return numpy_helper.from_array(numpy.asarray(values, kind), name)


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def write(name, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    domains = [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 2)]
    model = helper.make_model(graph, producer_name="make_models.py", opset_imports=domains)
    model.ir_version = 8
    checker.check_model(model)
    save(model, name + ".onnx")


# A GRU over windows of four vectors of two features, any number of rows: two scores.
write(
    "sequence",
    [
        helper.make_node("Transpose", ["window"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("GRU", ["steps", "w", "r", "b"], ["", "last"], hidden_size=3),
        helper.make_node("Squeeze", ["last", "first_axis"], ["state"]),
        helper.make_node("Gemm", ["state", "v", "c"], ["scores"]),
    ],
    [value("window", FLOAT, ["rows", 4, 2])],
    [value("scores", FLOAT, ["rows", 2])],
    [
        tensor("w", RANDOM.normal(size=(1, 9, 2))),
        tensor("r", RANDOM.normal(size=(1, 9, 3))),
        tensor("b", RANDOM.normal(size=(1, 18))),
        tensor("v", RANDOM.normal(size=(3, 2))),
        tensor("c", RANDOM.normal(size=2)),
        tensor("first_axis", [0], numpy.int64),
    ],
)

# What skl2onnx makes of a decision tree, with and without ZipMap: down when slope <= -1, flat when slope <= 1, else up.
TREE = dict(
    domain="ai.onnx.ml",
    classlabels_int64s=[-1, 0, 1],
    post_transform="NONE",
    nodes_treeids=[0] * 5,
    nodes_nodeids=[0, 1, 2, 3, 4],
    nodes_featureids=[1, 0, 1, 0, 0],
    nodes_modes=["BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"],
    nodes_values=[-1.0, 0.0, 1.0, 0.0, 0.0],
    nodes_hitrates=[1.0] * 5,
    nodes_truenodeids=[1, 0, 3, 0, 0],
    nodes_falsenodeids=[2, 0, 4, 0, 0],
    nodes_missing_value_tracks_true=[0] * 5,
    class_treeids=[0] * 9,
    class_nodeids=[1, 1, 1, 3, 3, 3, 4, 4, 4],
    class_ids=[0, 1, 2] * 3,
    class_weights=[0.75, 0.125, 0.125, 0.25, 0.5, 0.25, 0.125, 0.25, 0.625],
)
write(
    "tree",
    [helper.make_node("TreeEnsembleClassifier", ["X"], ["label", "probabilities"], **TREE)],
    [value("X", FLOAT, [None, 2])],
    [value("label", INT64, [None]), value("probabilities", FLOAT, [None, 3])],
)
row = TypeProto()
row.map_type.key_type = INT64
row.map_type.value_type.CopyFrom(helper.make_tensor_type_proto(FLOAT, []))
maps = helper.make_sequence_type_proto(row)
write(
    "zipmap",
    [
        helper.make_node("TreeEnsembleClassifier", ["X"], ["label", "columns"], **TREE),
        helper.make_node("ZipMap", ["columns"], ["probabilities"], domain="ai.onnx.ml", classlabels_int64s=[-1, 0, 1]),
    ],
    [value("X", FLOAT, [None, 2])],
    [value("label", INT64, [None]), helper.make_value_info("probabilities", maps)],
)

# A regression of the next return, in basis points, from two inputs of different type and window.
write(
    "regression",
    [
        helper.make_node("MatMul", ["prices", "weights"], ["trend"]),
        helper.make_node("Cast", ["slope"], ["slope64"], to=DOUBLE),
        helper.make_node("Mul", ["slope64", "factor"], ["push"]),
        helper.make_node("Add", ["trend", "push"], ["basis_points"]),
    ],
    [value("prices", DOUBLE, ["rows", 3]), value("slope", FLOAT, ["rows", 1])],
    [value("basis_points", DOUBLE, ["rows", 1])],
    [tensor("weights", [[-1], [0], [1]], numpy.float64), tensor("factor", [2], numpy.float64)],
)

# Picks a row of a table: fails at an index outside of it.
write(
    "table",
    [
        helper.make_node("Gather", ["row", "column"], ["x"], axis=1),
        helper.make_node("Cast", ["x"], ["index"], to=INT64),
        helper.make_node("Gather", ["values", "index"], ["probability"]),
    ],
    [value("row", DOUBLE, ["rows", 2])],
    [value("probability", DOUBLE, ["rows", 1])],
    [tensor("column", [1], numpy.int64), tensor("values", [0.1, 0.9], numpy.float64)],
)

# The same over two rows of one feature: the entry of the newest one and a quarter of the one before.
write(
    "steps",
    [
        helper.make_node("Gather", ["row", "second"], ["x"], axis=1),
        helper.make_node("Cast", ["x"], ["index"], to=INT64),
        helper.make_node("Gather", ["values", "index"], ["entry"]),
        helper.make_node("Gather", ["row", "first"], ["before"], axis=1),
        helper.make_node("Mul", ["before", "quarter"], ["part"]),
        helper.make_node("Add", ["entry", "part"], ["probability"]),
    ],
    [value("row", DOUBLE, ["rows", 2])],
    [value("probability", DOUBLE, ["rows", 1])],
    [
        tensor("first", [0], numpy.int64),
        tensor("second", [1], numpy.int64),
        tensor("values", [0.125, 0.5], numpy.float64),
        tensor("quarter", [0.25], numpy.float64),
    ],
)

# Looks at its neighbours: how far a row lies from the mean of all rows. No model to be run in batches.
write(
    "neighbours",
    [
        helper.make_node("ReduceMean", ["row"], ["mean"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["row", "mean"], ["distance"]),
        helper.make_node("Sigmoid", ["distance"], ["probabilities"]),
    ],
    [value("row", DOUBLE, ["rows", 2])],
    [value("probabilities", DOUBLE, ["rows", 2])],
)

# A perceptron of 65 features, any number of rows: three probabilities.
layers, nodes, name = [65, 64, 32, 3], [], "features"
constants = []
for i, (rows, columns) in enumerate(zip(layers, layers[1:])):
    constants += [tensor(f"w{i}", RANDOM.normal(size=(rows, columns)) / rows ** 0.5), tensor(f"b{i}", RANDOM.normal(size=columns) / 10)]
    nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"b{i}"], [f"g{i}"]))
    last = columns == 3
    nodes.append(helper.make_node("Softmax" if last else "Relu", [f"g{i}"], ["probabilities" if last else f"h{i}"]))
    name = f"h{i}"
write("perceptron", nodes, [value("features", FLOAT, ["rows", 65])], [value("probabilities", FLOAT, ["rows", 3])], constants)
