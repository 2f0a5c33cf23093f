namespace QuantumTrader.Models;

/// <summary>
/// Walks the protobuf structure of an ONNX file before ONNX Runtime sees it: a file may name other files for its weights, which no
/// checksum of it covers and which could lie anywhere.
/// </summary>
internal static class OnnxScan
{
    private const int MaxDepth = 64;

    private enum Part
    {
        Model,
        Graph,
        Function,
        Node,
        Attribute,
        Tensor,
        SparseTensor,
    }

    // Field numbers: onnx.proto of ONNX 1.12. Only paths that lead to tensors.
    private static readonly Dictionary<(Part, ulong Field), Part> Paths = new()
    {
        [(Part.Model, 7)] = Part.Graph,
        [(Part.Model, 25)] = Part.Function,
        [(Part.Function, 7)] = Part.Node,
        [(Part.Graph, 1)] = Part.Node,
        [(Part.Graph, 5)] = Part.Tensor,
        [(Part.Graph, 15)] = Part.SparseTensor,
        [(Part.Node, 5)] = Part.Attribute,
        [(Part.Attribute, 5)] = Part.Tensor,
        [(Part.Attribute, 6)] = Part.Graph,
        [(Part.Attribute, 10)] = Part.Tensor,
        [(Part.Attribute, 11)] = Part.Graph,
        [(Part.Attribute, 22)] = Part.SparseTensor,
        [(Part.Attribute, 23)] = Part.SparseTensor,
        [(Part.SparseTensor, 1)] = Part.Tensor,
        [(Part.SparseTensor, 2)] = Part.Tensor,
    };

    /// <summary>What is wrong with the file; null when it has one graph and all its data inside.</summary>
    public static string? FindFault(ReadOnlySpan<byte> file)
    {
        var graphs = 0;
        return Walk(file, Part.Model, 0, ref graphs) ?? (graphs == 0 ? "it holds no graph, so it is not an ONNX file" : null);
    }

    private static string? Walk(ReadOnlySpan<byte> bytes, Part part, int depth, ref int graphs)
    {
        if (depth > MaxDepth)
        {
            return $"its parts are nested deeper than {MaxDepth}";
        }

        while (bytes.Length > 0)
        {
            if (!TryField(ref bytes, out var field, out var number, out var content))
            {
                return "it is not an ONNX file, or damaged";
            }

            if (part == Part.Tensor && (field == 13 || (field == 14 && number != 0)))
            {
                return "it keeps weights in another file, which its checksum does not cover; save it with all data inside";
            }

            if (Paths.TryGetValue((part, field), out var next))
            {
                graphs += next == Part.Graph ? 1 : 0;
                if (Walk(content, next, depth + 1, ref graphs) is { } fault)
                {
                    return fault;
                }
            }
        }

        return null;
    }

    private static bool TryField(ref ReadOnlySpan<byte> bytes, out ulong field, out ulong number, out ReadOnlySpan<byte> content)
    {
        number = 0;
        content = default;
        if (!TryVarint(ref bytes, out var tag))
        {
            field = 0;
            return false;
        }

        field = tag >> 3;
        ulong length;
        switch (tag & 7)
        {
            case 0:
                return field > 0 && TryVarint(ref bytes, out number);
            case 1:
                length = 8;
                break;
            case 2 when TryVarint(ref bytes, out length):
                break;
            case 5:
                length = 4;
                break;
            default:
                return false;
        }

        if (field == 0 || length > (ulong)bytes.Length)
        {
            return false;
        }

        content = bytes[..(int)length];
        bytes = bytes[(int)length..];
        return true;
    }

    private static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < 10; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
