using Microsoft.ML.OnnxRuntime;
using QuantumTrader.Features;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Comparison;

/// <summary>What a model says of recorded vectors, which may hold more features than it takes.</summary>
/// <param name="Manifest">What the model says of itself.</param>
/// <param name="Forecasts">Per vector its answer; null where it has none.</param>
/// <param name="Missing">Why there is none, and how often.</param>
public sealed record ModelAnswers(Manifest Manifest, IReadOnlyList<Forecast?> Forecasts, IReadOnlyDictionary<string, int> Missing)
{
    /// <summary>Asks the model about each vector.</summary>
    /// <param name="model">The model.</param>
    /// <param name="vectors">Of each symbol in the order of time.</param>
    /// <exception cref="ConfigurationException">The vectors lack one of its features.</exception>
    public static ModelAnswers Of(OnnxModel model, IReadOnlyList<FeatureVector> vectors)
    {
        var columns = new ModelColumns(model.Manifest.Features);
        var histories = new Dictionary<int, VectorHistory>();
        var missing = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var row = new double[model.Manifest.Features.Count];
        var forecasts = new Forecast?[vectors.Count];
        FeatureSchema? bound = null;
        for (var i = 0; i < forecasts.Length; i++)
        {
            var vector = vectors[i];
            if (!ReferenceEquals(vector.Schema, bound) && columns.Bind(bound = vector.Schema) is { } name)
            {
                throw new ConfigurationException("model", $"Model '{model.Name}' takes the feature '{name}', which the vectors do not hold. Compare on vectors of the features that it was trained on.");
            }

            if (!columns.IsWarm(in vector))
            {
                Miss("not_warm");
                continue;
            }

            columns.Pick(in vector, row);
            if (!histories.TryGetValue(vector.Symbol, out var history))
            {
                histories[vector.Symbol] = history = new VectorHistory(model.Window, row.Length, 1);
            }

            history.Add(row);
            if (!history.IsFull)
            {
                Miss("window_not_full");
                continue;
            }

            if (Ask(model, history, out var forecast) is { } reason)
            {
                Miss(reason);
                continue;
            }

            forecasts[i] = forecast;
        }

        return new ModelAnswers(model.Manifest, forecasts, missing);

        void Miss(string reason) => missing[reason] = missing.GetValueOrDefault(reason) + 1;
    }

    private static string? Ask(OnnxModel model, VectorHistory history, out Forecast forecast)
    {
        forecast = default;
        model.Write(0, history.Window);
        try
        {
            model.Run(1);
        }
        catch (OnnxRuntimeException)
        {
            // As in a pipeline, it is then not part of later windows.
            history.RemoveLast();
            return nameof(OnnxRuntimeException);
        }

        return model.Read(0, out forecast);
    }
}
