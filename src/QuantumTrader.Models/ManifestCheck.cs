using System.Text;
using QuantumTrader.Features;

namespace QuantumTrader.Models;

/// <summary>Whether a manifest agrees with itself, before the model is looked at.</summary>
internal static class ManifestCheck
{
    /// <summary>Most vectors that a row may hold: at one a minute, a week of trading.</summary>
    public const int MaxWindow = 4096;

    private const int MaxNameBytes = 200;
    private const int MaxColumns = 1024;
    private const int MaxBins = 256;
    private const string ExportAgain = "Correct the manifest, or export the model again.";

    /// <summary>What is wrong: what was found, what is legal, what to do; null when nothing is.</summary>
    public static (string Found, string Expected, string Remedy)? FindFault(Manifest manifest) =>
        CheckHead(manifest) ?? CheckInputs(manifest) ?? CheckOutputs(manifest) ?? CheckBins(manifest.Bins, manifest.Features) ?? CheckGolden(manifest);

    private static (string Found, string Expected, string Remedy)? CheckHead(Manifest manifest)
    {
        const string trainAgain = "Train the model again.";
        if (manifest.Format != Manifest.CurrentFormat)
        {
            return (Text($"the manifest's format is {manifest.Format}"), Text($"{Manifest.CurrentFormat}"), trainAgain);
        }

        if (Encoding.UTF8.GetByteCount(manifest.Name) is 0 or > MaxNameBytes)
        {
            return ("the manifest's name is empty or too long", Text($"1 to {MaxNameBytes} bytes"), "Correct the name.");
        }

        if (manifest.Features.Count == 0 || manifest.Features.Any(string.IsNullOrEmpty) || manifest.Features.Distinct(StringComparer.Ordinal).Count() != manifest.Features.Count)
        {
            return ("the manifest's features are empty or hold a name twice", "distinct names", trainAgain);
        }

        var hash = new FeatureSchema(manifest.Features).Hash;
        if (hash != manifest.FeatureHash)
        {
            return ($"the manifest's feature_hash is {manifest.FeatureHash}", $"{hash}, the hash of the names that it lists", trainAgain);
        }

        return string.Join(' ', manifest.Classes.Order(StringComparer.Ordinal)) is "up" or "down up" or "down flat up"
            ? null
            : ($"the manifest's classes are [{string.Join(", ", manifest.Classes)}]", "[up], or up and down with or without flat, in the order of the columns", "Correct the classes.");
    }

    private static (string Found, string Expected, string Remedy)? CheckInputs(Manifest manifest)
    {
        if (manifest.Inputs.Count == 0 || manifest.Inputs.DistinctBy(i => i.Name).Count() != manifest.Inputs.Count)
        {
            return ("the manifest has no inputs, or two of one name", "each input of the model once", ExportAgain);
        }

        foreach (var input in manifest.Inputs)
        {
            if (input.Type == ElementType.Int64)
            {
                return ($"input '{input.Name}' is int64", "float or double: features are real numbers", ExportAgain);
            }

            if (input.Window is < 1 or > MaxWindow)
            {
                return (Text($"input '{input.Name}' has a window of {input.Window}"), Text($"1 to {MaxWindow} vectors"), ExportAgain);
            }

            if (input.Features?.FirstOrDefault(f => !manifest.Features.Contains(f, StringComparer.Ordinal)) is { } stranger)
            {
                return ($"input '{input.Name}' takes the feature '{stranger}'", "features that the manifest lists", ExportAgain);
            }

            long width = input.Features?.Count ?? manifest.Features.Count;
            var isFlat = input.Shape.Count == 2 && input.Shape[1] == input.Window * width;
            var isSequence = input.Shape.Count == 3 && input.Shape[1] == input.Window && input.Shape[2] == width;
            if (width == 0 || !(isFlat || isSequence) || !IsRows(input.Shape[0]))
            {
                return (Text($"input '{input.Name}' has the shape [{string.Join(", ", input.Shape)}] for a window of {input.Window} and {width} features"),
                    Text($"[rows, {input.Window * width}] or [rows, {input.Window}, {width}], rows being 1 or more, or -1 for any number"), ExportAgain);
            }
        }

        return null;
    }

    private static (string Found, string Expected, string Remedy)? CheckOutputs(Manifest manifest)
    {
        if (manifest.Outputs.Count == 0 || manifest.Outputs.DistinctBy(o => o.Name).Count() != manifest.Outputs.Count || manifest.Outputs.DistinctBy(o => RoleOf(o.Role)).Count() != manifest.Outputs.Count)
        {
            return ("the manifest has no outputs, or two of one name or role", "each output once, with one of probability, score, label and return each", ExportAgain);
        }

        foreach (var output in manifest.Outputs)
        {
            // Products of hostile numbers must not overflow into a legal one.
            var isShape = output.Shape.Count is 1 or 2 or 3 && IsRows(output.Shape[0]) && output.Shape.Skip(1).All(d => d is >= 1 and <= MaxColumns);
            var columns = output.Role is OutputRole.Probability or OutputRole.Score ? manifest.Classes.Count : 1;
            if (!isShape || output.Columns != columns)
            {
                return (Text($"output '{output.Name}' has the shape [{string.Join(", ", output.Shape)}]"), Text($"[rows, {columns}]{(columns == 1 ? " or [rows]" : "")}, rows being 1 or more, or -1 for any number"), ExportAgain);
            }

            if ((output.Type == ElementType.Int64) != (output.Role == OutputRole.Label))
            {
                return ($"output '{output.Name}' is {(output.Type == ElementType.Int64 ? "int64" : "no int64")}", "int64 for a label, float or double for all else", ExportAgain);
            }

            if ((output.Apply != ScoreTransform.None) != (output.Role == OutputRole.Score) || (output.Apply == ScoreTransform.Softmax && columns < 2))
            {
                return ($"output '{output.Name}' does not say how a score becomes a probability, or is no score, or has one column", "apply: softmax (two or three classes) or sigmoid for a score, nothing for another role", ExportAgain);
            }

            if (output.Role == OutputRole.Label && (manifest.Classes.Count < 2 || output.Labels is { } labels && (labels.Count != manifest.Classes.Count || labels.Distinct().Count() != labels.Count)))
            {
                return ($"output '{output.Name}' is a label that does not fit the classes", "classes up and down, perhaps flat, and one distinct number for each", ExportAgain);
            }

            if (!(output.Scale is null or > 0 and < double.PositiveInfinity) || !(output.Deviation is null or > 0 and < double.PositiveInfinity))
            {
                return ($"output '{output.Name}' has a scale or deviation that is not above 0", "finite numbers above 0", ExportAgain);
            }
        }

        if (manifest.Inputs.Select(i => i.Shape[0]).Concat(manifest.Outputs.Select(o => o.Shape[0])).Where(rows => rows > 0).Distinct().Count() > 1)
        {
            return ("the manifest's tensors have different numbers of rows", "one number, or -1", ExportAgain);
        }

        return manifest.Outputs is [{ Role: OutputRole.Return, Deviation: null }]
            ? ("the model says nothing but a return", "its deviation, from which the probability of a rise follows, or another output", ExportAgain)
            : null;
    }

    private static (string Found, string Expected, string Remedy)? CheckBins(TrainingBins? bins, IReadOnlyList<string> features)
    {
        if (bins is null)
        {
            return null;
        }

        if (!bins.Features.Select(b => b.Name).SequenceEqual(features, StringComparer.Ordinal) || features.Contains(bins.Score.Name, StringComparer.Ordinal))
        {
            return ("the manifest's bins are not those of its features and a score", "bins of each feature, in their order, and of a score of another name", "Train the model again, or remove 'bins'.");
        }

        return bins.Features.Append(bins.Score).FirstOrDefault(b => !IsSpread(b)) is { } wrong
            ? ($"the manifest's bins of '{wrong.Name}' do not fit", Text($"finite edges, each above the one before, and one share from 0 on per bin, together 1, of at most {MaxBins} bins"), "Train the model again, or remove 'bins'.")
            : null;
    }

    private static bool IsSpread(ValueBins bins) =>
        bins.Shares.Count == bins.Edges.Count + 1 && bins.Shares.Count <= MaxBins
        && bins.Edges.All(double.IsFinite) && bins.Edges.Zip(bins.Edges.Skip(1)).All(e => e.First < e.Second)
        && bins.Shares.All(s => s >= 0) && Math.Abs(bins.Shares.Sum() - 1) < 1e-6;

    private static (string Found, string Expected, string Remedy)? CheckGolden(Manifest manifest)
    {
        var (width, columns) = ((long)manifest.Window * manifest.Features.Count, manifest.Outputs.Sum(o => o.Columns));
        if (manifest.Golden.Count == 0 || manifest.Golden.Any(g => g.Features.Count != width || g.Output.Count != columns))
        {
            return ("the manifest's golden rows are missing or have another width than features and outputs", Text($"at least one row of {width} values and {columns} answers"), "Train the model again.");
        }

        return manifest.GoldenTolerance is > 0 and <= 0.01
            ? null
            : (Text($"the manifest's golden_tolerance is {manifest.GoldenTolerance}"), "a number above 0, at most 0.01", "Train the model again.");
    }

    // Scores and probabilities say the same thing, so a model has one of them.
    private static OutputRole RoleOf(OutputRole role) => role == OutputRole.Score ? OutputRole.Probability : role;

    private static bool IsRows(long rows) => rows is -1 or >= 1 and <= OnnxModel.MostRows;

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
