namespace QuantumTrader.Models.Training;

/// <summary>A vector with what came after it.</summary>
/// <param name="Time">Time of the vector, ns UTC.</param>
/// <param name="EndTime">Time at which all that follows here was known.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="Values">The features.</param>
/// <param name="Outcome">Which of the label's outcomes came.</param>
/// <param name="LongReturn">What buying at <paramref name="Time"/> brought after costs, as a share of the price.</param>
/// <param name="ShortReturn">What selling brought.</param>
internal sealed record LabelledRow(long Time, long EndTime, int Symbol, double[] Values, int Outcome, double LongReturn, double ShortReturn);

/// <summary>Rows to learn from, by time.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Outcomes">How many outcomes there are; 2 are not up and up.</param>
/// <param name="EmbargoNanoseconds">Time to keep between what is learned and what it is tested on.</param>
internal sealed record TrainingRows(LabelledRow[] Rows, int Outcomes, long EmbargoNanoseconds)
{
    /// <summary>
    /// The rows before a place that may be learned from by what is tested on rows behind it. Rows whose label ends at or behind the first
    /// test row are purged, or the fit would know its answers; rows whose label ends within the embargo before it are left out too,
    /// because their features share most of their candles with it (Lopez de Prado, Advances in Financial Machine Learning, chapter 7).
    /// </summary>
    /// <param name="at">Place of the first test row; see <see cref="StartOfTime"/>.</param>
    public Past Before(int at)
    {
        var before = Rows[..at];
        var start = Rows[at].Time;
        var known = before.Where(r => r.EndTime < start).ToArray();
        var kept = known.Where(r => r.EndTime < start - EmbargoNanoseconds).ToArray();
        return new Past(this with { Rows = kept }, before.Length - known.Length, known.Length - kept.Length);
    }

    /// <summary>The place itself or the nearest before it where a new time begins: rows of one time stay on one side of a cut.</summary>
    public int StartOfTime(int at)
    {
        while (at > 0 && at < Rows.Length && Rows[at - 1].Time == Rows[at].Time)
        {
            at--;
        }

        return at;
    }

    /// <summary>
    /// The newest part to choose by and what lies before it to fit on, apart as in <see cref="Before"/>; null when there are too few rows.
    /// </summary>
    public (TrainingRows Fit, LabelledRow[] Choose)? SplitForChoice()
    {
        const double share = 0.2;
        const int fewest = 10;
        var at = StartOfTime((int)(Rows.Length * (1 - share)));
        if (at < fewest || Rows.Length - at < fewest)
        {
            return null;
        }

        var past = Before(at).Rows;
        return past.Rows.Length < fewest ? null : (past, Rows[at..]);
    }

    /// <summary>Share of each outcome, one row of each added (Laplace), so that what did not come is not called impossible.</summary>
    public double[] BaseRates()
    {
        var counts = new double[Outcomes];
        foreach (var row in Rows)
        {
            counts[row.Outcome]++;
        }

        return [.. counts.Select(c => (c + 1) / (Rows.Length + Outcomes))];
    }
}

/// <summary>Rows that may be learned from, and how many before the same place may not.</summary>
internal sealed record Past(TrainingRows Rows, int Purged, int Embargoed);
