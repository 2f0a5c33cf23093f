using System.Text;

namespace QuantumTrader.Models;

/// <summary>
/// Walks the protobuf structure of an ONNX file before ONNX Runtime sees it. A file may name other files for its weights, which no
/// checksum of it covers and which could lie anywhere; claim tensors that nobody has memory for; or ask for operators that come in
/// libraries of their own.
/// </summary>
internal sealed class OnnxScan
{
    private const int MaxDepth = 64;

    // The densest element type has two bits.
    private const int MostElementsPerByte = 4;

    // What ONNX Runtime brings with it.
    private static readonly string[] KnownDomains = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"];

    // Field numbers: onnx.proto of ONNX 1.12. Only paths that lead to tensors and operators.
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

    private readonly SortedSet<string> _domains = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _operators = new(StringComparer.Ordinal);
    private ulong _numbers;
    private readonly HashSet<string> _ownDomains = new(KnownDomains, StringComparer.Ordinal);
    private int _graphs;

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

    /// <summary>What is wrong with the file; null when it has a graph, all its data inside, and operators that ONNX Runtime brings.</summary>
    public static string? FindFault(ReadOnlySpan<byte> file)
    {
        var scan = new OnnxScan();
        if (scan.Walk(file, Part.Model, 0) is { } fault)
        {
            return fault;
        }

        return scan._graphs == 0 ? "it holds no graph, so it is not an ONNX file"
            : scan._domains.FirstOrDefault(d => !scan._ownDomains.Contains(d)) is { } domain ? $"it uses operators of the domain '{domain}', which come in a library of their own"
            : null;
    }

    /// <summary>What is in a file without a fault.</summary>
    public static OnnxContents Contents(ReadOnlySpan<byte> file)
    {
        var scan = new OnnxScan();
        scan.Walk(file, Part.Model, 0);
        return new OnnxContents(scan._operators, (long)scan._numbers);
    }

    private string? Walk(ReadOnlySpan<byte> bytes, Part part, int depth)
    {
        if (depth > MaxDepth)
        {
            return $"its parts are nested deeper than {MaxDepth}";
        }

        var length = bytes.Length;
        var elements = 1UL;
        var (type, domain) = ("", "");
        while (bytes.Length > 0)
        {
            if (!TryField(ref bytes, out var field, out var number, out var content))
            {
                return "it is not an ONNX file, or damaged";
            }

            switch (part)
            {
                case Part.Tensor when field == 13 || (field == 14 && number != 0):
                    return "it keeps weights in another file, which its checksum does not cover; save it with all data inside";
                case Part.Tensor when field == 1:
                case Part.SparseTensor when field == 3:
                    if (!TryMultiply(number, content, ref elements))
                    {
                        return "it holds a tensor with a negative or damaged size";
                    }

                    break;
                case Part.Node when field == 4:
                    type = Encoding.UTF8.GetString(content);
                    break;
                case Part.Node when field == 7:
                    domain = Encoding.UTF8.GetString(content);
                    _domains.Add(domain);
                    break;
                case Part.Attribute when field == 7:
                    // A list of numbers in single precision, such as the thresholds of trees.
                    _numbers += (ulong)content.Length / sizeof(float);
                    break;
                case Part.Function when field == 10:
                    _ownDomains.Add(Encoding.UTF8.GetString(content));
                    break;
            }

            if (Paths.TryGetValue((part, field), out var next))
            {
                _graphs += next == Part.Graph ? 1 : 0;
                if (Walk(content, next, depth + 1) is { } fault)
                {
                    return fault;
                }
            }
        }

        if (part == Part.Node)
        {
            var name = domain.Length == 0 ? type : $"{domain}.{type}";
            _operators[name] = _operators.GetValueOrDefault(name) + 1;
        }
        else if (part == Part.Tensor)
        {
            _numbers += elements;
        }

        // Zeros of a sparse tensor take no room in the file, but in memory.
        return part switch
        {
            Part.Tensor when elements > (ulong)length * MostElementsPerByte => FormattableString.Invariant($"it holds a tensor that claims {elements} elements in {length} bytes"),
            Part.SparseTensor when elements > ModelFile.MaxBytes / sizeof(double) => FormattableString.Invariant($"it holds a sparse tensor of {elements} elements"),
            _ => null,
        };
    }

    // Dimensions come as single numbers or packed into one field.
    private static bool TryMultiply(ulong number, ReadOnlySpan<byte> packed, ref ulong elements)
    {
        do
        {
            if (packed.Length > 0 && !TryVarint(ref packed, out number))
            {
                return false;
            }

            if ((long)number < 0)
            {
                return false;
            }

            elements = number > 0 && elements > ulong.MaxValue / number ? ulong.MaxValue : elements * number;
        }
        while (packed.Length > 0);
        return true;
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

/// <summary>What an ONNX file is made of.</summary>
/// <param name="Operators">How often each operator stands in its graphs and functions; those of another domain than ONNX's own with its name in front.</param>
/// <param name="Parameters">Numbers that it holds: in tensors, and in lists such as the thresholds of trees.</param>
public sealed record OnnxContents(IReadOnlyDictionary<string, int> Operators, long Parameters);
