namespace QuantumTrader.Trading;

/// <summary>What the newest closed trades brought. A trade is closed, as a whole or in part, by each fill that makes a position smaller.</summary>
internal sealed class ClosedTrades
{
    private const int Window = 50;
    private const int Fewest = 20;

    private readonly bool[] _won = new bool[Window];
    private int _count;
    private int _wins;
    private int _lossesInARow;
    private double _winRate = double.NaN;

    /// <summary>Losses since the last gain. Any thread may ask, as for the win rate.</summary>
    public int LossesInARow => Volatile.Read(ref _lossesInARow);

    /// <summary>Share of gains among the newest 50; NaN before there are 20, because a share of fewer says nothing.</summary>
    public double WinRate => Volatile.Read(ref _winRate);

    /// <summary>Takes in what a closed trade brought after fees. One that brought nothing is neither a loss nor a gain, and counts as not won.</summary>
    public void Add(decimal result)
    {
        ref var slot = ref _won[_count % Window];
        _wins += (result > 0 ? 1 : 0) - (slot ? 1 : 0);
        slot = result > 0;
        _count++;
        Volatile.Write(ref _lossesInARow, result < 0 ? _lossesInARow + 1 : result > 0 ? 0 : _lossesInARow);
        Volatile.Write(ref _winRate, _count < Fewest ? double.NaN : _wins / (double)Math.Min(_count, Window));
    }
}
