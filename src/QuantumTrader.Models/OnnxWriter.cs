using System.Buffers.Binary;

namespace QuantumTrader.Models;

/// <summary>
/// Writes small ONNX files (opset 13, ir_version 8). Field numbers: onnx.proto of ONNX 1.12. Same calls, same bytes.
/// </summary>
/// <param name="type">Type of all tensors: <c>float</c> or <c>double</c>.</param>
public sealed class OnnxWriter(ElementType type = ElementType.Double)
{
    /// <summary>The domain of trees and other classical models.</summary>
    public const string MachineLearning = "ai.onnx.ml";

    private readonly int _type = type == ElementType.Double ? 11 : 1;
    private readonly ProtoWriter _graph = new();
    private readonly ProtoWriter _metadata = new();
    private bool _usesMachineLearning;

    /// <summary>Adds a row of the graph: an operator without attributes.</summary>
    /// <param name="type">Such as <c>Gemm</c>.</param>
    /// <param name="output">Name of its result.</param>
    /// <param name="inputs">Names of what it reads.</param>
    public OnnxWriter Node(string type, string output, params ReadOnlySpan<string> inputs) => Node(type, output, new OnnxAttributes(), inputs);

    /// <summary>Adds a row of the graph with attributes.</summary>
    public OnnxWriter Node(string type, string output, OnnxAttributes attributes, params ReadOnlySpan<string> inputs)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        var node = new ProtoWriter();
        foreach (var input in inputs)
        {
            node.Text(1, input);
        }

        node.Text(2, output).Text(3, output).Text(4, type).Append(attributes.ToArray());
        if (attributes.Domain.Length > 0)
        {
            node.Text(7, attributes.Domain);
            _usesMachineLearning |= attributes.Domain == MachineLearning;
        }

        _graph.Message(1, node);
        return this;
    }

    /// <summary>Adds a constant tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="values">Its values, row by row.</param>
    /// <param name="shape">Its dimensions.</param>
    public OnnxWriter Constant(string name, ReadOnlySpan<double> values, params ReadOnlySpan<long> shape)
    {
        var size = type == ElementType.Double ? sizeof(double) : sizeof(float);
        var raw = new byte[values.Length * size];
        for (var i = 0; i < values.Length; i++)
        {
            var place = raw.AsSpan(i * size);
            if (type == ElementType.Double)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(place, values[i]);
            }
            else
            {
                BinaryPrimitives.WriteSingleLittleEndian(place, (float)values[i]);
            }
        }

        var tensor = new ProtoWriter();
        foreach (var dimension in shape)
        {
            tensor.Number(1, dimension);
        }

        _graph.Message(5, tensor.Number(2, _type).Text(8, name).Bytes(9, raw));
        return this;
    }

    /// <summary>Declares an input of the graph; a dimension of -1 is open.</summary>
    public OnnxWriter Input(string name, params ReadOnlySpan<long> shape) => Value(11, name, shape);

    /// <summary>Declares an output of the graph; a dimension of -1 is open.</summary>
    public OnnxWriter Output(string name, params ReadOnlySpan<long> shape) => Value(12, name, shape);

    /// <summary>Adds an entry to the file's metadata.</summary>
    public OnnxWriter Metadata(string key, string value)
    {
        _metadata.Message(14, new ProtoWriter().Text(1, key).Text(2, value));
        return this;
    }

    /// <summary>The file.</summary>
    /// <param name="graphName">Name of the graph.</param>
    public byte[] ToBytes(string graphName)
    {
        var graph = new ProtoWriter().Text(2, graphName);
        var model = new ProtoWriter()
            .Number(1, 8)
            .Text(2, "quantumtrader")
            .Bytes(7, [.. _graph.ToArray(), .. graph.ToArray()])
            .Message(8, new ProtoWriter().Text(1, "").Number(2, 13));
        if (_usesMachineLearning)
        {
            model.Message(8, new ProtoWriter().Text(1, MachineLearning).Number(2, 3));
        }

        return [.. model.ToArray(), .. _metadata.ToArray()];
    }

    private OnnxWriter Value(int field, string name, ReadOnlySpan<long> shape)
    {
        var dimensions = new ProtoWriter();
        foreach (var dimension in shape)
        {
            dimensions.Message(1, dimension < 0 ? new ProtoWriter().Text(2, "rows") : new ProtoWriter().Number(1, dimension));
        }

        var type = new ProtoWriter().Message(1, new ProtoWriter().Number(1, _type).Message(2, dimensions));
        _graph.Message(field, new ProtoWriter().Text(1, name).Message(2, type));
        return this;
    }
}
