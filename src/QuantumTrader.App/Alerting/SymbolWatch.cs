using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting;

/// <summary>A figure and its place in time.</summary>
/// <param name="Value">NaN while there is not enough to say it from.</param>
/// <param name="Time">Event time: ns UTC.</param>
internal readonly record struct Moment(double Value, long Time)
{
    /// <summary>Nothing is known.</summary>
    public static Moment None { get; } = new(double.NaN, 0);
}

/// <summary>What the rules on the market read of a symbol: of each figure the worst since the look before.</summary>
/// <param name="Symbol">Its name.</param>
/// <param name="PriceChange">Change of the price in 5 minutes, as a fraction of it.</param>
/// <param name="VolumeRatio">Volume of a minute by the mean of the 20 minutes before it.</param>
/// <param name="VolatilityRank">Share of the last day's 5-minute volatilities that were lower, from 0 to 1.</param>
/// <param name="Confidence">Mean confidence of the last 5 minutes' predictions.</param>
internal sealed record SymbolFigures(string Symbol, Moment PriceChange, Moment VolumeRatio, Moment VolatilityRank, Moment Confidence);

/// <summary>
/// Follows one symbol in event time, so that a replay of any speed tells the same. Everything in it is bounded. Trades that are edits, or from
/// outside the market, do not count; behind a break of more than 20 minutes volume and volatility begin anew.
/// </summary>
internal sealed class SymbolWatch(string symbol)
{
    private const long Step = 10 * 1_000_000_000L;
    private const int StepsPerMinute = 6;
    private const int Minutes = 5;

    // The window begins with a whole step, so the change is over 5 minutes and up to 10 seconds more.
    private const int StepsKept = (Minutes * StepsPerMinute) + 2;
    private const int VolumesKept = 20;
    private const int VolatilitiesKept = 24 * 60 / Minutes;
    private const int LeastVolatilities = 20;
    private const int LeastPredictions = 20;

    private readonly long[] _prices = new long[StepsKept];
    private readonly Newest _volumes = new(VolumesKept);
    private readonly Newest _volatilities = new(VolatilitiesKept);
    private readonly (double Sum, int Count)[] _confidences = new (double, int)[Minutes];
    private long _step = long.MinValue;
    private long _stepEnd = long.MinValue;
    private long _time;
    private (long Price, long Time) _lowest = (long.MaxValue, 0);
    private (long Price, long Time) _highest;
    private long _minute = long.MinValue;
    private long _price;
    private long _close;
    private double _volume;
    private double _variance;
    private Worst _change = Worst.None;
    private Worst _ratio = Worst.None;
    private Worst _rank = Worst.None;
    private Worst _confidence = Worst.None;

    /// <summary>A figure as it is, and as it was at its worst since the look before.</summary>
    private record struct Worst(Moment Now, Moment Since)
    {
        public static Worst None { get; } = new(Moment.None, Moment.None);

        // What is compared with NaN is never on the better side.
        public readonly Worst With(double value, long time, bool isBetter) => new(new Moment(value, time), isBetter ? Since : new Moment(value, time));

        public Moment Take()
        {
            var since = Since;
            Since = Now;
            return since;
        }
    }

    /// <summary>
    /// Takes in the trades among the first events, as many as are of one symbol; returns how many that is. On the block's own thread, for
    /// every event of a run: so it keeps what changes in registers, and of a step only the lowest and the highest price are judged, once it
    /// is over or looked at. All prices of a step are compared with the same one, so no other can be worse.
    /// </summary>
    public int Take(ReadOnlySpan<MarketEvent> events)
    {
        var symbol = events[0].Symbol;
        var (volume, price, time) = (0L, _price, _time);
        var (lowest, highest) = (_lowest.Price, _highest.Price);
        var count = 0;
        for (; count < events.Length && events[count].Symbol == symbol; count++)
        {
            ref readonly var e = ref events[count];
            if (e.Kind != EventKind.Trade || e.Price <= 0 || e.Has(EventFlags.Edit | EventFlags.OffMarket))
            {
                continue;
            }

            if (e.EventTime >= _stepEnd)
            {
                (_price, _time) = (price, time);
                _volume += volume;
                MoveTo(e.EventTime / Step);
                (volume, lowest, highest) = (0, _lowest.Price, _highest.Price);
            }

            volume += e.Quantity;
            (price, time) = (e.Price, e.EventTime);
            if (price > highest)
            {
                highest = price;
                _highest = (price, time);
            }

            if (price < lowest)
            {
                lowest = price;
                _lowest = (price, time);
            }
        }

        (_price, _time) = (price, time);
        _volume += volume;
        return count;
    }

    /// <summary>Takes in a prediction.</summary>
    public void Take(in Prediction p)
    {
        var minute = p.EventTime / (Step * StepsPerMinute);
        for (var m = Math.Max(_minute + 1, minute - Minutes + 1); m <= minute; m++)
        {
            _confidences[m % Minutes] = default;
        }

        _minute = Math.Max(_minute, minute);
        ref var now = ref _confidences[_minute % Minutes];
        now = (now.Sum + p.Confidence, now.Count + 1);
        var (sum, count) = (0.0, 0);
        foreach (var of in _confidences)
        {
            (sum, count) = (sum + of.Sum, count + of.Count);
        }

        if (count >= LeastPredictions)
        {
            _confidence = _confidence.With(sum / count, p.EventTime, isBetter: sum / count >= _confidence.Since.Value);
        }
    }

    /// <summary>The figures since the look before.</summary>
    public SymbolFigures Read()
    {
        Judge();
        return new SymbolFigures(symbol, _change.Take(), _ratio.Take(), _rank.Take(), _confidence.Take());
    }

    // What came since the last call, in its order; the last price too, which is the figure as it is now.
    private void Judge()
    {
        if (_highest.Price > 0 && _prices[(_step + 1) % StepsKept] is > 0 and var before)
        {
            var (first, second) = _lowest.Time <= _highest.Time ? (_lowest, _highest) : (_highest, _lowest);
            Judge(first, before);
            Judge(second, before);
            Judge((_price, _time), before);
        }

        (_lowest, _highest) = ((long.MaxValue, 0), (0, 0));
    }

    private void Judge((long Price, long Time) at, long before)
    {
        var change = (double)(at.Price - before) / before;
        _change = _change.With(change, at.Time, isBetter: Math.Abs(change) <= Math.Abs(_change.Since.Value));
    }

    private void MoveTo(long step)
    {
        Judge();
        if (_step != long.MinValue)
        {
            for (var s = Math.Max(_step, step - StepsKept); s < step; s++)
            {
                _prices[s % StepsKept] = _price;
            }

            var (minute, now) = (_step / StepsPerMinute, step / StepsPerMinute);
            if (now - minute > VolumesKept)
            {
                _volumes.Clear();
                (_volume, _variance, _close) = (0, 0, 0);
            }
            else
            {
                for (; minute < now; minute++)
                {
                    CloseMinute(minute);
                }
            }
        }

        (_step, _stepEnd) = (step, (step + 1) * Step);
    }

    private void CloseMinute(long minute)
    {
        var end = (minute + 1) * StepsPerMinute * Step;
        if (_volumes.Count == VolumesKept && _volumes.Sum is > 0 and var sum)
        {
            var ratio = _volume * VolumesKept / sum;
            _ratio = _ratio.With(ratio, end, isBetter: ratio <= _ratio.Since.Value);
        }

        _volumes.Add(_volume);
        if (_close > 0)
        {
            var change = Math.Log((double)_price / _close);
            _variance += change * change;
        }

        (_volume, _close) = (0, _price);
        if ((minute + 1) % Minutes == 0)
        {
            CloseVolatility(Math.Sqrt(_variance), end);
            _variance = 0;
        }
    }

    private void CloseVolatility(double volatility, long end)
    {
        if (_volatilities.Count >= LeastVolatilities)
        {
            var rank = _volatilities.CountBelow(volatility) / (double)_volatilities.Count;
            _rank = _rank.With(rank, end, isBetter: rank <= _rank.Since.Value);
        }

        _volatilities.Add(volatility);
    }

    // The newest values, so many at most. In an array, because a fast replay closes a minute every few hundred events.
    private sealed class Newest(int most)
    {
        private readonly double[] _values = new double[most];
        private long _added;

        public int Count => (int)Math.Min(_added, _values.Length);

        public double Sum
        {
            get
            {
                var sum = 0.0;
                foreach (var value in _values.AsSpan(0, Count))
                {
                    sum += value;
                }

                return sum;
            }
        }

        public void Add(double value) => _values[_added++ % _values.Length] = value;

        public int CountBelow(double limit)
        {
            var count = 0;
            foreach (var value in _values.AsSpan(0, Count))
            {
                count += value < limit ? 1 : 0;
            }

            return count;
        }

        public void Clear() => _added = 0;
    }
}
