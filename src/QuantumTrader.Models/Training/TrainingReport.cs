using System.Globalization;
using System.Text;

namespace QuantumTrader.Models.Training;

/// <summary>The result of a training run in words and one table.</summary>
internal static class TrainingReport
{
    public static string Write(Labels labels, TrainingOptions options, Manifest manifest)
    {
        var text = new StringBuilder();
        Line(text, $"Model '{manifest.Name}': {manifest.Training!.Options["learner"]} on {manifest.Features.Count} features; {options.Labels.Summary(options.CandleSeconds)}");
        Line(text, $"{Rows(labels, options)}");
        Line(text, $"");
        Line(text, $"fold   train  purged  embargo    test      up  accuracy  log-loss  base rate's    AUC   Brier  trades  net return");
        foreach (var f in manifest.Folds)
        {
            Line(text, $"{f.Fold,4} {f.TrainRows,7} {f.PurgedRows,7} {f.EmbargoedRows,8} {f.TestRows,7} {f.BaseRate,7:0.000} {f.Accuracy,9:0.000} {f.LogLoss,9:0.0000} {f.BaseLogLoss,12:0.0000} {Number(f.Auc, "0.000"),6} {f.Brier,7:0.0000} {f.Trades,7} {Number(f.MeanNetReturn, "0.0000 %"),11}");
        }

        Line(text, $"");
        Line(text, $"Trades: rows with a probability of at least {options.SignalConfidence} for one side; net of costs of {options.Labels.Cost}; those at the same time count each.");
        foreach (var c in manifest.Calibration)
        {
            Line(text, $"Calibration of '{c.Class}': probabilities were off by {c.ExpectedError:0.000} on average.");
        }

        Line(text, $"");
        Line(text, $"{Gain(manifest.Training.Skill)}");
        Line(text, $"{Verdict(manifest.Training.Skill)}");
        return text.ToString();
    }

    public static string Rows(Labels labels, TrainingOptions options)
    {
        var outcomes = Math.Max(2, options.Labels.Classes.Count);
        var shares = options.Labels.Classes.Select((name, i) => (Name: name, Share: labels.Rows.Count(r => r.Outcome == outcomes - options.Labels.Classes.Count + i) / (double)labels.Rows.Length));
        return TrainingOptions.Text(
            $"Rows: {labels.Rows.Length} used ({string.Join(", ", shares.Reverse().Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Share:P1} {s.Name}")))}{(outcomes == 2 ? TrainingOptions.Text($", {labels.Unchanged} unchanged counted as not up") : "")}), {labels.NotWarm} not warm, {labels.NoLabel} without a price at the horizon");
    }

    public static string Gain(SkillResult skill) => TrainingOptions.Text(
        $"Out of sample, log-loss is {skill.Gain:0.00000} better than the base rate's (90 % of the draws: {skill.LowGain:0.00000} to {skill.HighGain:0.00000}); p = {skill.PValue:0.0000}, {skill.Rows} rows in blocks of {skill.BlockRows}.");

    public static string Verdict(SkillResult skill)
    {
        if (skill.Learned)
        {
            return TrainingOptions.Text($"Learned: without any skill, a gain like this comes by luck in less than {skill.Level:P1} of all tries. It says nothing of costs, and every further try on the same data weakens it.");
        }

        if (skill.Gain <= 0)
        {
            return "NOTHING LEARNED: out of sample the model is no better than a constant guess. Do not trade on it.";
        }

        return skill.Rows / skill.BlockRows < SkillTest.FewestBlocks
            ? TrainingOptions.Text($"NOTHING LEARNED: the tested rows make only {skill.Rows / skill.BlockRows} independent blocks, too few to tell skill from luck. Record more.")
            : TrainingOptions.Text($"NOTHING LEARNED: the gain over a constant guess may well be luck (p must be below {skill.Level}). Do not trade on it.");
    }

    public static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
