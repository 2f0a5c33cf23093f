using QuantumTrader.Pipelines;
using Side = QuantumTrader.Market.Side;

namespace QuantumTrader.Features;

/// <summary>
/// The trades of one symbol and the flow features over them: features.md, section 4.1. All sums are exact integers, so an edit undoes what
/// it replaces and nothing drifts however long the stream is.
/// </summary>
public sealed class FlowWindow
{
    private const long Second = 1_000_000_000;
    private const int TapeSpan = 12;
    private const int AllTrades = 0;
    private const int KnownSides = 1;
    private const int Recent = 100;
    private const int RecentWithSide = 50;
    // The windows 1, 5 and 15 minutes.
    private const int VolumeWindows = 3;

    private static readonly int[] Minutes = [1, 5, 15, 30, 60];

    // Every end of a window that some feature needs: w, 2w and 3w minutes, and the ten seconds of the tape's speed.
    private static readonly int[] Edges = [1, 2, 3, 5, 10, 15, 30, 45, 60, 90, 120, 180];
    private static readonly long[] Spans = [.. Edges.Select(m => m * 60 * Second), 10 * Second];
    private static readonly (int One, int Two, int Three)[] EdgesOf =
        [.. Minutes.Select(m => (Array.IndexOf(Edges, m), Array.IndexOf(Edges, 2 * m), Array.IndexOf(Edges, 3 * m)))];

    private readonly RollingSums<FlowEntry, FlowSum> _sums;
    private readonly bool _needsFullWindows;
    private readonly int _minTrades;
    private long _since = long.MaxValue;
    private long _open = long.MinValue;
    private FlowSum _beforeDay;

    /// <summary>A window that has seen nothing.</summary>
    /// <param name="needsFullWindows">A feature over a time, or over the day, is warm only when all of it was watched; otherwise one trade is enough.</param>
    /// <param name="minTrades">Trades that a window of the last n must have.</param>
    /// <param name="maxTrades">Trades held at most; when the windows want more, the long ones are no longer warm.</param>
    public FlowWindow(bool needsFullWindows = true, int minTrades = 10, int maxTrades = 1 << 20)
    {
        _needsFullWindows = needsFullWindows;
        _minTrades = minTrades;
        _sums = new RollingSums<FlowEntry, FlowSum>(Spans, [(AllTrades, Recent), (KnownSides, RecentWithSide)], maxTrades);
    }

    /// <summary>Trades taken in.</summary>
    public long Trades => _sums.Count;

    /// <summary>Time (ns UTC) from which on the symbol was watched: what lies behind the first event of any kind is not known.</summary>
    public void WatchFrom(long time) => _since = Math.Min(_since, time);

    /// <summary>Begins a day: the day's sums start again at 0.</summary>
    /// <param name="open">Its open in ns UTC.</param>
    public void OpenDay(long open)
    {
        _open = open;
        _beforeDay = _sums.Total;
    }

    /// <summary>Takes in a trade. Times must not go down.</summary>
    /// <param name="time">ns UTC.</param>
    /// <param name="number">Trade number; 0 when the feed has none.</param>
    /// <param name="quantity">Scaled by 1e-8.</param>
    /// <param name="side">Aggressor; <see cref="Side.None"/> counts as a trade, but neither bought nor sold.</param>
    /// <param name="isLarge">Its size is large or whale.</param>
    public void Add(long time, long number, long quantity, Side side, bool isLarge)
    {
        WatchFrom(time);
        _sums.Add(time, new FlowEntry(number, quantity, side, isLarge, IsRemoved: false));
    }

    /// <summary>Gives a trade of the open candle another content.</summary>
    /// <param name="number">Number of the trade.</param>
    /// <param name="quantity">The new quantity; 0 takes the trade out.</param>
    /// <param name="side">The new side; <see cref="Side.None"/> keeps the old one.</param>
    /// <param name="isLarge">Its new size is large or whale.</param>
    /// <param name="atMost">How many trades back it can be.</param>
    public void Edit(long number, long quantity, Side side, bool isLarge, int atMost)
    {
        var position = _sums.FindLast(static (entry, number) => entry.Number == number && !entry.IsRemoved, number, atMost);
        if (position < 0)
        {
            return;
        }

        var held = _sums[position];
        _sums.Replace(position, new FlowEntry(number, quantity, side == Side.None ? held.Side : side, isLarge, IsRemoved: quantity == 0));
    }

    /// <summary>Computes the features over all trades so far, with time windows (T − w, T].</summary>
    /// <param name="time">T in ns UTC, not before the newest trade or the last call.</param>
    /// <param name="vector">Takes the features of <see cref="FlowDefinitions.Trades"/>.</param>
    public void Evaluate(long time, ref FeatureWriter vector)
    {
        _sums.MoveTo(time);
        var watchedFrom = _sums.Total.Trades == 0 ? long.MaxValue : _needsFullWindows ? Math.Max(_sums.HeldAfter, _since) : _sums.HeldAfter;
        var velocities = vector.Ahead(Minutes.Length);
        var accelerations = velocities.Ahead(Minutes.Length);
        var bought = accelerations.Ahead(Minutes.Length);
        var sold = bought.Ahead(VolumeWindows);
        var trades = sold.Ahead(VolumeWindows);
        for (var i = 0; i < Minutes.Length; i++)
        {
            var (one, two, three) = EdgesOf[i];
            var window = _sums.Within(one);
            var (now, before, earlier) = (window.Imbalance, _sums.Between(one, two).Imbalance, _sums.Between(two, three).Imbalance);
            var isWatched = time - Spans[one] >= watchedFrom;
            vector.Add(isWatched, now);
            velocities.Add(time - Spans[two] >= watchedFrom, now - before);
            accelerations.Add(time - Spans[three] >= watchedFrom, now - (2 * before) + earlier);

            // The parts of the imbalances, so that who gets vectors can give aggregates without keeping trades.
            if (i < VolumeWindows)
            {
                bought.Add(isWatched, ToDouble(window.Buy));
                sold.Add(isWatched, ToDouble(window.Sell));
                trades.Add(isWatched, window.Trades);
            }
        }

        vector = trades;
        var (recent, known, today) = (_sums.Last(AllTrades), _sums.Last(KnownSides), _sums.Total - _beforeDay);
        vector.Add(recent.Trades >= _minTrades, recent.Imbalance);
        vector.Add(known.Sided >= Math.Min(_minTrades, RecentWithSide), (double)known.Buys / known.Sided);
        vector.Add(recent.Trades >= _minTrades, (double)recent.Large / recent.Trades);
        vector.Add(time - Spans[TapeSpan] >= watchedFrom, _sums.Within(TapeSpan).Trades / 10.0);
        vector.Add(_sums.Total.Trades > 0 && (!_needsFullWindows || _since <= _open), ToDouble(today.Buy - today.Sell));
    }

    private static double ToDouble(Int128 scaled) => Plain(scaled) / Scaled.One;

    // Nearly every sum fits into 64 bits, of which the conversion costs a tenth.
    private static double Plain(Int128 value) => (long)value == value ? (long)value : (double)value;

    private readonly record struct FlowEntry(long Number, long Quantity, Side Side, bool IsLarge, bool IsRemoved);

    private struct FlowSum : IRollingSum<FlowSum, FlowEntry>
    {
        public Int128 Buy;
        public Int128 Sell;
        public long Trades;
        public long Sided;
        public int Buys;
        public int Large;

        public readonly double Imbalance
        {
            get
            {
                var total = Buy + Sell;
                return total == 0 ? 0 : Plain(Buy - Sell) / Plain(total);
            }
        }

        public void Add(in FlowEntry entry) => Count(in entry, 1);

        public void Subtract(in FlowEntry entry) => Count(in entry, -1);

        public static long CountOf(in FlowSum sum, int counter) => counter == AllTrades ? sum.Trades : sum.Sided;

        public static FlowSum operator -(FlowSum a, FlowSum b) => new()
        {
            Buy = a.Buy - b.Buy,
            Sell = a.Sell - b.Sell,
            Trades = a.Trades - b.Trades,
            Buys = a.Buys - b.Buys,
            Sided = a.Sided - b.Sided,
            Large = a.Large - b.Large,
        };

        private void Count(in FlowEntry entry, int sign)
        {
            if (entry.IsRemoved)
            {
                return;
            }

            Trades += sign;
            Large += entry.IsLarge ? sign : 0;
            Sided += entry.Side == Side.None ? 0 : sign;
            if (entry.Side == Side.Buy)
            {
                Buy += sign * entry.Quantity;
                Buys += sign;
            }
            else if (entry.Side == Side.Sell)
            {
                Sell += sign * entry.Quantity;
            }
        }
    }
}
