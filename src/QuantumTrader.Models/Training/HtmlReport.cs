using System.Globalization;
using System.Net;
using System.Text;

namespace QuantumTrader.Models.Training;

/// <summary>The result of a training run as one page that needs nothing else: no script, no font and no picture from elsewhere.</summary>
internal static class HtmlReport
{
    private const string Style = """
        :root { color-scheme: light dark; --text: light-dark(#1c2330, #e4e8ef); --back: light-dark(#ffffff, #12161d); --faint: light-dark(#667085, #98a2b3);
          --line: light-dark(#d9dee7, #2b3340); --mark: light-dark(#1f6feb, #6ea8fe); --good: light-dark(#17803d, #5fd38a); --bad: light-dark(#b42318, #ff8a7a); }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
        .verdict { border-left: 4px solid; padding: .4rem 1rem; } .learned { border-color: var(--good); } .nothing { border-color: var(--bad); }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
        th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; } th { color: var(--faint); font-weight: 500; }
        td.name, th.name { text-align: left; } .faint { color: var(--faint); }
        svg { max-width: 100%; height: auto; margin-right: 1rem; } .axis { stroke: var(--line); fill: none; } .curve { stroke: var(--mark); fill: none; stroke-width: 1.5; } .dot { fill: var(--mark); }
        svg text { fill: var(--faint); font-size: 11px; }
        """;

    public static string Write(Labels labels, TrainingOptions options, Manifest manifest, double[] gains)
    {
        var training = manifest.Training!;
        var page = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n");
        Add(page, $"<title>Model {Text(manifest.Name)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n");
        Add(page, $"<h1>Model {Text(manifest.Name)}</h1>\n<p>{Text(training.Options["learner"])} on {manifest.Features.Count} features; {Text(options.Labels.Summary(options.CandleSeconds))}.</p>\n");
        Add(page, $"<p class=\"verdict {(training.Learned ? "learned" : "nothing")}\"><strong>{Text(TrainingReport.Verdict(training.Skill))}</strong><br>{Text(TrainingReport.Gain(training.Skill))}</p>\n");
        Add(page, $"<p>{Text(TrainingReport.Rows(labels, options))}.</p>\n");
        Folds(page, manifest, options);
        Gains(page, gains);
        Calibration(page, manifest);
        Spread(page, manifest.Bins!);
        Add(page, $"<h2>How it was made</h2>\n<table>\n");
        foreach (var (name, value) in training.Options.Append(new("data", training.DataSha256)).Append(new("feature hash", manifest.FeatureHash)).Append(new("model", manifest.ModelSha256)).Append(new("code", training.CodeVersion)))
        {
            Add(page, $"<tr><td class=\"name\">{Text(name)}</td><td class=\"name\">{Text(value)}</td></tr>\n");
        }

        Add(page, $"</table>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static void Folds(StringBuilder page, Manifest manifest, TrainingOptions options)
    {
        Add(page, $"<h2>Folds</h2>\n<p class=\"faint\">Each was fitted on the rows before it, without those whose label reaches into it (purged) or ends shortly before it (embargo). A trade is a row with a probability of at least {options.SignalConfidence} for one side, after costs of {Text($"{options.Labels.Cost}")}.</p>\n");
        Add(page, $"<table>\n<tr><th>fold</th><th>train</th><th>purged</th><th>embargo</th><th>test</th><th>up</th><th>accuracy</th><th>log-loss</th><th>base rate's</th><th>AUC</th><th>Brier</th><th>trades</th><th>net return</th></tr>\n");
        foreach (var f in manifest.Folds)
        {
            Add(page, $"<tr><td>{f.Fold}</td><td>{f.TrainRows}</td><td>{f.PurgedRows}</td><td>{f.EmbargoedRows}</td><td>{f.TestRows}</td><td>{f.BaseRate:0.000}</td><td>{f.Accuracy:0.000}</td><td>{f.LogLoss:0.0000}</td><td>{f.BaseLogLoss:0.0000}</td><td>{TrainingReport.Number(f.Auc, "0.000")}</td><td>{f.Brier:0.0000}</td><td>{f.Trades}</td><td>{TrainingReport.Number(f.MeanNetReturn, "0.0000 %")}</td></tr>\n");
        }

        Add(page, $"</table>\n");
    }

    // A curve that rises evenly is a skill that lasts; one jump is one lucky day.
    private static void Gains(StringBuilder page, double[] gains)
    {
        const int width = 640, height = 180, points = 320;
        var sums = new double[Math.Min(points, gains.Length) + 1];
        var sum = 0.0;
        for (int i = 0, p = 1; i < gains.Length; i++)
        {
            sum += gains[i];
            for (; p < sums.Length && i + 1 >= (long)gains.Length * p / (sums.Length - 1); p++)
            {
                sums[p] = sum;
            }
        }

        var (low, high) = (sums.Min(), sums.Max());
        var range = high > low ? high - low : 1;
        var curve = string.Join(' ', sums.Select((s, i) => string.Create(CultureInfo.InvariantCulture, $"{(double)i * width / (sums.Length - 1):0.0},{height - ((s - low) / range * height):0.0}")));
        Add(page, $"<h2>Gain over the base rate, summed over the tested rows</h2>\n<svg viewBox=\"-4 -14 {width + 8} {height + 28}\" width=\"{width}\" role=\"img\" aria-label=\"cumulative gain\">");
        Add(page, $"<path class=\"axis\" d=\"M0 {height - ((0 - low) / range * height):0.0}H{width}\"/><polyline class=\"curve\" points=\"{curve}\"/><text x=\"0\" y=\"-3\">{high:0.##}</text><text x=\"0\" y=\"{height + 12}\">{low:0.##}</text></svg>\n");
    }

    private static void Calibration(StringBuilder page, Manifest manifest)
    {
        const int size = 180;
        Add(page, $"<h2>Calibration</h2>\n<p class=\"faint\">Across: the probability that was given. Up: how often it came. On the diagonal both agree; the larger the dot, the more rows.</p>\n");
        foreach (var c in manifest.Calibration)
        {
            var most = c.Bins.Max(b => b.Rows);
            Add(page, $"<svg viewBox=\"-4 -18 {size + 8} {size + 26}\" width=\"{size + 60}\" role=\"img\" aria-label=\"calibration of {Text(c.Class)}\"><text x=\"0\" y=\"-6\">{Text(c.Class)}: off by {c.ExpectedError:0.000}</text><path class=\"axis\" d=\"M0 0V{size}H{size}M0 {size}L{size} 0\"/>");
            foreach (var b in c.Bins)
            {
                Add(page, $"<circle class=\"dot\" cx=\"{b.MeanProbability * size:0.0}\" cy=\"{size - (b.ObservedShare * size):0.0}\" r=\"{2 + (4.0 * b.Rows / most):0.0}\"/>");
            }

            Add(page, $"</svg>\n");
        }
    }

    private static void Spread(StringBuilder page, TrainingBins bins)
    {
        Add(page, $"<h2>Spread of the features</h2>\n<table>\n<tr><th class=\"name\">feature</th><th>10 %</th><th>50 %</th><th>90 %</th></tr>\n");
        foreach (var feature in bins.Features.Append(bins.Score))
        {
            Add(page, $"<tr><td class=\"name\">{Text(feature.Name)}</td><td>{Edge(feature, 0.1)}</td><td>{Edge(feature, 0.5)}</td><td>{Edge(feature, 0.9)}</td></tr>\n");
        }

        Add(page, $"</table>\n");
    }

    private static string Edge(ValueBins bins, double share)
    {
        var sum = 0.0;
        for (var i = 0; i < bins.Edges.Count; i++)
        {
            sum += bins.Shares[i];
            if (sum >= share - 1e-9)
            {
                return bins.Edges[i].ToString("G5", CultureInfo.InvariantCulture);
            }
        }

        return "-";
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static void Add(StringBuilder page, FormattableString text) => page.Append(text.ToString(CultureInfo.InvariantCulture));
}
