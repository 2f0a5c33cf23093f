namespace QuantumTrader.Features;

/// <summary>Lets a rule fire, and then not again for its full length of event time, per symbol.</summary>
/// <param name="length">ns; 0 lets it fire every time.</param>
internal sealed class CoolDown(long length)
{
    private readonly Dictionary<int, long> _fired = [];

    /// <summary>Times that it fired.</summary>
    public long Fired { get; private set; }

    /// <summary>Times that it was met while it cooled down.</summary>
    public long Suppressed { get; private set; }

    /// <summary>True when the rule may fire now, which then counts as fired.</summary>
    public bool TryFire(int symbol, long time)
    {
        if (_fired.TryGetValue(symbol, out var last) && time - last < length)
        {
            Suppressed++;
            return false;
        }

        _fired[symbol] = time;
        Fired++;
        return true;
    }
}
