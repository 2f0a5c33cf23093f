using QuantumTrader.Features;

namespace QuantumTrader.Models.Training;

/// <summary>Vectors turned into rows, and how many could not be.</summary>
/// <param name="Rows">By time, then symbol.</param>
/// <param name="NotWarm">Vectors with a feature that is not warm.</param>
/// <param name="NoLabel">Vectors whose label would reach behind the end of the data or over a gap in it.</param>
/// <param name="Unchanged">Rows whose price was the same at the end of their label.</param>
internal sealed record Labels(LabelledRow[] Rows, int NotWarm, int NoLabel, int Unchanged)
{
    private const string PriceName = "price_current";

    /// <summary>
    /// Labels every warm vector by the prices of the vectors behind it, up to the one that lies the horizon ahead exactly in candles and
    /// in time. Whether there is a label never depends on what it would be: a barrier that is touched before a gap counts for nothing.
    /// </summary>
    /// <param name="vectors">What is learned from.</param>
    /// <param name="priced">Vectors with the prices: the same, or those of another block at the same times.</param>
    /// <param name="options">Which label.</param>
    public static Labels Make(IReadOnlyList<FeatureVector> vectors, IReadOnlyList<FeatureVector> priced, TrainingOptions options)
    {
        var prices = PricesOf(vectors, priced);
        var rows = new List<LabelledRow>();
        int notWarm = 0, noLabel = 0, unchanged = 0;
        var horizon = options.Labels.HorizonCandles;
        foreach (var series in Enumerable.Range(0, vectors.Count).GroupBy(i => vectors[i].Symbol).OrderBy(g => g.Key).Select(g => g.ToArray()))
        {
            for (var i = 0; i < series.Length; i++)
            {
                var vector = vectors[series[i]];
                var last = i + horizon;
                if (!vector.AllWarm)
                {
                    notWarm++;
                }
                else if (last >= series.Length || vectors[series[last]].EventTime != vector.EventTime + (horizon * options.CandleSeconds * 1_000_000_000L)
                    || !(prices[series[i]] > 0) || !Enumerable.Range(i, horizon + 1).All(k => double.IsFinite(prices[series[k]])))
                {
                    noLabel++;
                }
                else
                {
                    var path = new PricePath([.. Enumerable.Range(i, horizon + 1).Select(k => prices[series[k]])], options.TickSize);
                    var label = path.Label(options.Labels);
                    unchanged += path.Prices[label.Ends] == path.Prices[0] ? 1 : 0;
                    rows.Add(new LabelledRow(vector.EventTime, vectors[series[i + label.Ends]].EventTime, vector.Symbol, vector.Values.ToArray(), label.Outcome, label.LongReturn, label.ShortReturn));
                }
            }
        }

        return new Labels([.. rows.OrderBy(r => r.Time).ThenBy(r => r.Symbol)], notWarm, noLabel, unchanged);
    }

    // NaN where there is none.
    private static double[] PricesOf(IReadOnlyList<FeatureVector> vectors, IReadOnlyList<FeatureVector> priced)
    {
        var schema = priced.Count > 0 ? priced[0].Schema : vectors[0].Schema;
        var place = schema.IndexOf(PriceName);
        if (place < 0)
        {
            throw new TrainingException($"The vectors have no feature '{PriceName}', which labels are made from; they have {string.Join(", ", schema.Names.Take(8))}{(schema.Names.Count > 8 ? ", ..." : "")}. Name a block of features.basic with --prices.");
        }

        if (ReferenceEquals(vectors, priced))
        {
            return [.. vectors.Select(v => v.Values[place])];
        }

        var known = new Dictionary<(int, long), double>();
        foreach (var vector in priced.Where(v => v.IsWarm(place)))
        {
            known[(vector.Symbol, vector.EventTime)] = vector.Values[place];
        }

        return [.. vectors.Select(v => known.GetValueOrDefault((v.Symbol, v.EventTime), double.NaN))];
    }
}
