using QuantumTrader.Features;

namespace QuantumTrader.Models.Training;

/// <summary>A vector with what came after it.</summary>
/// <param name="Time">Time of the vector, ns UTC.</param>
/// <param name="LabelTime">Time at which the label was known.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="Values">The features.</param>
/// <param name="Up">True when the price was higher at <paramref name="LabelTime"/>.</param>
internal sealed record LabelledRow(long Time, long LabelTime, int Symbol, double[] Values, bool Up);

/// <summary>Vectors turned into rows, and how many could not be.</summary>
/// <param name="Rows">By time, then symbol.</param>
/// <param name="NotWarm">Vectors with a feature that is not warm.</param>
/// <param name="NoLabel">Vectors whose label would reach behind the end of the data or over a gap in it.</param>
/// <param name="Flat">Rows whose price did not change; they count as not up.</param>
internal sealed record Labels(LabelledRow[] Rows, int NotWarm, int NoLabel, int Flat)
{
    private const string PriceName = "price_current";

    /// <summary>Labels every warm vector by the price of the vector that lies the horizon ahead, exactly in candles and in time.</summary>
    public static Labels Make(IReadOnlyList<FeatureVector> vectors, TrainingOptions options)
    {
        var price = vectors[0].Schema.Names.ToList().IndexOf(PriceName);
        if (price < 0)
        {
            throw new TrainingException($"The vectors have no feature '{PriceName}', which labels are made from; they have {string.Join(", ", vectors[0].Schema.Names)}. Record features.basic.");
        }

        var rows = new List<LabelledRow>();
        int notWarm = 0, noLabel = 0, flat = 0;
        foreach (var series in vectors.GroupBy(v => v.Symbol).OrderBy(g => g.Key).Select(g => g.ToArray()))
        {
            for (var i = 0; i < series.Length; i++)
            {
                var labelTime = series[i].EventTime + (options.HorizonCandles * options.CandleSeconds * 1_000_000_000L);
                var ahead = i + options.HorizonCandles;
                if (!series[i].AllWarm)
                {
                    notWarm++;
                }
                else if (ahead >= series.Length || series[ahead].EventTime != labelTime)
                {
                    noLabel++;
                }
                else
                {
                    var (now, then) = (series[i].Values[price], series[ahead].Values[price]);
                    flat += then == now ? 1 : 0;
                    rows.Add(new LabelledRow(series[i].EventTime, labelTime, series[i].Symbol, series[i].Values.ToArray(), then > now));
                }
            }
        }

        return new Labels([.. rows.OrderBy(r => r.Time).ThenBy(r => r.Symbol)], notWarm, noLabel, flat);
    }
}
