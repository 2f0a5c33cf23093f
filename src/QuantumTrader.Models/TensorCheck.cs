using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models;

/// <summary>Whether the tensors of a loaded model are those of its manifest.</summary>
internal static class TensorCheck
{
    private const string Remedy = "Model and manifest do not belong together; train or export them again.";

    /// <summary>Throws <see cref="ConfigurationException"/> when they are not.</summary>
    public static void Check(ModelFile file, InferenceSession session)
    {
        var manifest = file.Manifest;
        foreach (var input in manifest.Inputs)
        {
            Check(file.Path, "input", input.Name, input.Type, input.Shape, session.InputMetadata);
        }

        foreach (var output in manifest.Outputs)
        {
            Check(file.Path, "output", output.Name, output.Type, output.Shape, session.OutputMetadata);
        }

        if (session.InputMetadata.Count != manifest.Inputs.Count)
        {
            throw ModelFile.Refuse(file.Path, $"it has the inputs {Names(session.InputMetadata)}", $"those of its manifest, {string.Join(", ", manifest.Inputs.Select(i => $"'{i.Name}'"))}", "Add the others to the manifest, or export the model without them.");
        }
    }

    private static void Check(string path, string what, string name, ElementType type, IReadOnlyList<long> shape, IReadOnlyDictionary<string, NodeMetadata> found)
    {
        if (!found.TryGetValue(name, out var tensor))
        {
            throw ModelFile.Refuse(path, $"it has no {what} '{name}' but {Names(found)}", $"an {what} '{name}' as in its manifest", Remedy);
        }

        if (!tensor.IsTensor)
        {
            throw ModelFile.Refuse(path, $"its {what} '{name}' is no tensor but a {Kind(tensor.OnnxValueType)}", "a tensor", "Export the model without ZipMap (skl2onnx: options={'zipmap': False}).");
        }

        var foundType = tensor.ElementDataType switch { TensorElementType.Double => "double", TensorElementType.Float => "float", TensorElementType.Int64 => "int64", var other => other.ToString() };
        var expectedType = type.ToString().ToLowerInvariant();
        if (foundType != expectedType)
        {
            throw ModelFile.Refuse(path, $"its {what} '{name}' is {foundType}", $"{expectedType} as in its manifest", Remedy);
        }

        // A file may leave sizes open, or say nothing of the shape: then its manifest decides, and the golden rows show whether it is right.
        var dimensions = tensor.Dimensions;
        if (dimensions.Length > 0 && (dimensions.Length != shape.Count || dimensions.Zip(shape).Any(d => d.First != -1 && d.First != d.Second)))
        {
            throw ModelFile.Refuse(path, $"its {what} '{name}' has the shape [{string.Join(", ", dimensions)}], its manifest says [{string.Join(", ", shape)}]", "the same in both", Remedy);
        }
    }

    private static string Kind(OnnxValueType type) => type switch
    {
        OnnxValueType.ONNX_TYPE_SEQUENCE => "sequence",
        OnnxValueType.ONNX_TYPE_MAP => "map",
        _ => type.ToString(),
    };

    private static string Names(IReadOnlyDictionary<string, NodeMetadata> tensors) => string.Join(", ", tensors.Keys.Order(StringComparer.Ordinal).Select(n => $"'{n}'"));
}
