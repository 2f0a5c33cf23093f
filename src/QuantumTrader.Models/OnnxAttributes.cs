using System.Buffers.Binary;
using System.Text;

namespace QuantumTrader.Models;

/// <summary>The attributes of a node of an ONNX graph. Field numbers: onnx.proto of ONNX 1.12.</summary>
public sealed class OnnxAttributes
{
    private const int Int = 2;
    private const int String = 3;
    private const int Floats = 6;
    private const int Ints = 7;
    private const int Strings = 8;

    private readonly ProtoWriter _node = new();

    /// <summary>Domain of the node's type; empty for ONNX itself.</summary>
    public string Domain { get; init; } = "";

    /// <summary>Adds a whole number.</summary>
    public OnnxAttributes Whole(string name, long value) => Add(name, Int, a => a.Number(3, value));

    /// <summary>Adds a list of whole numbers.</summary>
    public OnnxAttributes Wholes(string name, params long[] values) => Add(name, Ints, a => Array.ForEach(values, v => a.Number(8, v)));

    /// <summary>Adds a list of numbers in single precision.</summary>
    public OnnxAttributes Reals(string name, params float[] values)
    {
        var raw = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(i * sizeof(float)), values[i]);
        }

        return Add(name, Floats, a => a.Bytes(7, raw));
    }

    /// <summary>Adds a text.</summary>
    public OnnxAttributes Text(string name, string value) => Add(name, String, a => a.Bytes(4, Encoding.UTF8.GetBytes(value)));

    /// <summary>Adds a list of texts.</summary>
    public OnnxAttributes Texts(string name, params string[] values) => Add(name, Strings, a => Array.ForEach(values, v => a.Text(9, v)));

    internal byte[] ToArray() => _node.ToArray();

    private OnnxAttributes Add(string name, int type, Action<ProtoWriter> value)
    {
        var attribute = new ProtoWriter().Text(1, name);
        value(attribute);
        _node.Message(5, attribute.Number(20, type));
        return this;
    }
}
