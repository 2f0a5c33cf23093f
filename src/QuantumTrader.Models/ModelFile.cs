using System.Security.Cryptography;
using System.Text.Json;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models;

/// <summary>An .onnx file and its manifest, checked against each other before anything runs it.</summary>
/// <param name="Path">Full path of the .onnx file.</param>
/// <param name="Bytes">Its content.</param>
/// <param name="Manifest">What it says of itself.</param>
public sealed record ModelFile(string Path, byte[] Bytes, Manifest Manifest)
{
    /// <summary>Largest file that is read: 256 MiB, far above any model that answers within a candle.</summary>
    public const long MaxBytes = 256L << 20;

    /// <summary>What the .onnx file is made of.</summary>
    public OnnxContents Contents => OnnxScan.Contents(Bytes);

    /// <summary>Reads and checks both files.</summary>
    /// <exception cref="ConfigurationException">Something is missing or does not fit; its option is <c>model</c>.</exception>
    public static ModelFile Read(string path)
    {
        var manifestPath = Manifest.PathOf(path);
        var bytes = ReadBytes(path, "model", "Train one with qt train, or correct the path.");
        var json = ReadBytes(manifestPath, "manifest", $"A model is only run with the manifest that qt train writes beside it; copy both files.");
        Manifest manifest;
        try
        {
            manifest = Manifest.Parse(json);
        }
        catch (JsonException e)
        {
            throw Refuse(manifestPath, $"the manifest cannot be read: {e.Message}", "a manifest as qt train writes it", "Train the model again.");
        }

        if (ManifestCheck.FindFault(manifest) is var (found, expected, remedy))
        {
            throw Refuse(manifestPath, found, expected, remedy);
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (hash != manifest.ModelSha256)
        {
            throw Refuse(path, $"the file's SHA-256 is {hash}", $"{manifest.ModelSha256} as in its manifest", "One of the two files was changed or copied alone; copy both again.");
        }

        return OnnxScan.FindFault(bytes) is { } fault
            ? throw Refuse(path, fault, "a whole ONNX file", "Export or train the model again.")
            : new ModelFile(path, bytes, manifest);
    }

    /// <summary>The refusal of a model: which file, what was found, what is legal, what to do.</summary>
    internal static ConfigurationException Refuse(string path, string found, string expected, string remedy) =>
        new("model", $"Model {path} was refused: {found}; expected {expected}. {remedy}");

    private static byte[] ReadBytes(string path, string what, string remedy)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                throw new ConfigurationException("model", $"The {what} {path} was not found. {remedy}") { Outside = true };
            }

            return file.Length <= MaxBytes
                ? File.ReadAllBytes(path)
                : throw Refuse(path, FormattableString.Invariant($"the file has {file.Length} bytes"), FormattableString.Invariant($"at most {MaxBytes}"), "Use a smaller model.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException("model", $"The {what} {path} cannot be read: {e.Message} Check the file's permissions.") { Outside = true };
        }
    }
}
