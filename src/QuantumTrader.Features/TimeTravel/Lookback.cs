using System.Runtime.InteropServices;
using QuantumTrader.Market;

namespace QuantumTrader.Features.TimeTravel;

/// <summary>The trades of today's last minutes, with what the features need of them counted along.</summary>
internal sealed class Lookback
{
    /// <summary>Trades held; beyond it the oldest leave early.</summary>
    public const int Most = 4_000_000;

    private readonly Queue<Row> _rows = new();
    private readonly Dictionary<long, long> _volumes = [];
    private readonly QuantityIndex _quantities = new();
    private Int128 _squares;
    private Int128 _volume;
    private long _good;

    /// <summary>Good trades in it.</summary>
    public int Trades => _quantities.Count;

    /// <summary>Rows in it that were read, good or not.</summary>
    public int Rows => _rows.Count;

    /// <summary>Rows with a price and a quantity above 0 and their time in order.</summary>
    public long Good => _good;

    /// <summary>Time of the oldest row; 0 when there is none.</summary>
    public long FirstTime => _rows.TryPeek(out var row) ? row.Time : 0;

    /// <summary>Quantity at a price divided by all, squared, summed over the prices.</summary>
    public double SumOfSquaredShares => _volume == 0 ? 0 : (double)_squares / ((double)_volume * (double)_volume);

    public void Add(in MarketEvent e, bool isGood)
    {
        if (_rows.Count == Most)
        {
            Leave(_rows.Dequeue());
        }

        var row = new Row(e.EventTime, e.Price, e.Quantity, (sbyte)e.Side, isGood);
        _rows.Enqueue(row);
        Count(in row, 1);
    }

    /// <summary>Lets go of what is older than a time.</summary>
    public void Expire(long before)
    {
        while (_rows.TryPeek(out var row) && row.Time < before)
        {
            Leave(_rows.Dequeue());
        }
    }

    public void Clear()
    {
        _rows.Clear();
        _volumes.Clear();
        _quantities.Clear();
        (_squares, _volume, _good) = (0, 0, 0);
    }

    /// <summary>(B - S) / (B + S) of the trades with more than twice the median quantity; 0 when there are none.</summary>
    public double LargeImbalance()
    {
        var (signed, sided) = _quantities.Above(_quantities.TwiceMedian());
        return sided == 0 ? 0 : (double)signed / (double)sided;
    }

    private void Leave(in Row row) => Count(in row, -1);

    private void Count(in Row row, int sign)
    {
        if (!row.IsGood)
        {
            return;
        }

        _good += sign;
        _quantities.Change(row.Quantity, row.Side, sign);
        ref var volume = ref CollectionsMarshal.GetValueRefOrAddDefault(_volumes, row.Price, out _);
        var after = volume + (sign * row.Quantity);
        _squares += ((Int128)after * after) - ((Int128)volume * volume);
        _volume += sign * row.Quantity;
        volume = after;
        if (after == 0)
        {
            _volumes.Remove(row.Price);
        }
    }

    private readonly record struct Row(long Time, long Price, long Quantity, sbyte Side, bool IsGood);
}
