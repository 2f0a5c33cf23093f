namespace QuantumTrader.Pipelines;

/// <summary>
/// Fallbacks come in bursts: with the switch <c>ALERT_ON_FALLBACK</c> the first is told at once, those behind it together, at most once
/// every 30 seconds of event time.
/// </summary>
/// <param name="switches">Asked at every fallback, because they change while a pipeline runs.</param>
public sealed class FallbackBurst(Switches switches)
{
    private const long Length = 30_000_000_000;

    private long _toldAt = long.MinValue;
    private long _untold;

    /// <summary>Takes in a fallback.</summary>
    /// <param name="eventTime">When it happened: ns UTC.</param>
    /// <returns>How many are to be told now, this one included; 0 for none.</returns>
    public long Add(long eventTime)
    {
        if (switches.Now.AlertOnFallback != true)
        {
            return 0;
        }

        _untold++;
        if (_toldAt != long.MinValue && eventTime - _toldAt < Length)
        {
            return 0;
        }

        var told = _untold;
        (_toldAt, _untold) = (eventTime, 0);
        return told;
    }
}
