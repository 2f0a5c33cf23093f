using System.Globalization;
using System.Text;

namespace QuantumTrader.Models.Training;

/// <summary>The result of a training run in words and one table.</summary>
internal static class TrainingReport
{
    public static string Write(Labels labels, Manifest manifest, WalkForward.Result result)
    {
        var text = new StringBuilder();
        var training = manifest.Training!;
        Line(text, $"Model '{manifest.Name}': {manifest.Features.Count} features, price up after {training.HorizonCandles} candles of {training.CandleSeconds} s");
        Line(text, $"Rows: {labels.Rows.Length} used ({labels.Rows.Count(r => r.Up) / (double)labels.Rows.Length:P1} up, {labels.Flat} unchanged counted as not up), {labels.NotWarm} not warm, {labels.NoLabel} without a price at the horizon");
        Line(text, $"");
        Line(text, $"fold   train  purged    test      up  accuracy  log-loss  base rate's    AUC");
        foreach (var f in result.Folds)
        {
            var auc = f.Auc is { } a ? a.ToString("0.000", CultureInfo.InvariantCulture) : "-";
            Line(text, $"{f.Fold,4} {f.TrainRows,7} {f.PurgedRows,7} {f.TestRows,7} {f.BaseRate,7:0.000} {f.Accuracy,9:0.000} {f.LogLoss,9:0.0000} {f.BaseLogLoss,12:0.0000} {auc,6}");
        }

        Line(text, $"");
        Line(text, $"Log-loss is {result.Improvement:0.00000} better than the base rate's, standard error {result.StandardError:0.00000}.");
        Line(text, $"{(result.Learned
            ? "Learned: the gain is more than twice its standard error. It says nothing of costs."
            : "NOTHING LEARNED: the gain is not above twice its standard error, so the model is no better than a constant guess. Do not trade on it.")}");
        return text.ToString();
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
