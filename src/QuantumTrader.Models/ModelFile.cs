using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QuantumTrader.Features;
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

    private const int MaxNameBytes = 200;

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

        CheckManifest(manifestPath, manifest);
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

    private static void CheckManifest(string path, Manifest manifest)
    {
        const string trainAgain = "Train the model again.";
        if (manifest.Format != Manifest.CurrentFormat)
        {
            throw Refuse(path, FormattableString.Invariant($"the manifest's format is {manifest.Format}"), FormattableString.Invariant($"{Manifest.CurrentFormat}"), trainAgain);
        }

        if (Encoding.UTF8.GetByteCount(manifest.Name) is 0 or > MaxNameBytes)
        {
            throw Refuse(path, "the manifest's name is empty or too long", FormattableString.Invariant($"1 to {MaxNameBytes} bytes"), "Correct the name.");
        }

        if (manifest.Features.Count == 0 || manifest.Features.Distinct(StringComparer.Ordinal).Count() != manifest.Features.Count)
        {
            throw Refuse(path, "the manifest's features are empty or hold a name twice", "distinct names", trainAgain);
        }

        var hash = new FeatureSchema(manifest.Features).Hash;
        if (hash != manifest.FeatureHash)
        {
            throw Refuse(path, $"the manifest's feature_hash is {manifest.FeatureHash}", $"{hash}, the hash of the names that it lists", trainAgain);
        }

        if (!IsKnown(manifest.Classes))
        {
            throw Refuse(path, $"the manifest's classes are [{string.Join(", ", manifest.Classes)}]", "[up], or up and down with or without flat, in the order of the columns", "Correct the classes.");
        }

        if (manifest.Golden.Count == 0
            || manifest.Golden.Any(g => g.Features.Count != manifest.Features.Count || g.Output.Count != manifest.Classes.Count))
        {
            throw Refuse(path, "the manifest's golden rows are missing or have another width than features and classes", "at least one row of each width", trainAgain);
        }

        if (!(manifest.GoldenTolerance is > 0 and <= 0.01))
        {
            throw Refuse(path, FormattableString.Invariant($"the manifest's golden_tolerance is {manifest.GoldenTolerance}"), "a number above 0, at most 0.01", trainAgain);
        }
    }

    private static bool IsKnown(IReadOnlyList<string> classes) => string.Join(' ', classes.Order(StringComparer.Ordinal)) is "up" or "down up" or "down flat up";
}
