using QuantumTrader.Features;
using QuantumTrader.Features.Model65;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Features.Model65;

/// <summary>The 65 features as the catalogue's formulas read: every vector is computed anew from all candles and all trades.</summary>
internal sealed class Model65Batch(Model65Options options, MarketContext market)
{
    private const long Second = 1_000_000_000;

    private readonly Dictionary<int, Symbol> _symbols = [];

    private sealed record Trade(long Number, long Time, double Quantity, int Buyer, int Seller, bool IsCancelled);

    private sealed record Bar(Candle Candle, int LargestBuyer, int LargestSeller)
    {
        public double C => Scaled.ToDouble(Candle.Close);
        public double O => Scaled.ToDouble(Candle.Open);
        public double H => Scaled.ToDouble(Candle.High);
        public double L => Scaled.ToDouble(Candle.Low);
        public double V => Scaled.ToDouble(Candle.Volume);
        public double B => Scaled.ToDouble(Candle.BuyVolume);
        public double S => Scaled.ToDouble(Candle.SellVolume);
    }

    private sealed class Symbol(CandleBuilder candles)
    {
        public readonly CandleBuilder Candles = candles;
        public readonly List<Bar> Bars = [];
        public readonly List<Trade> Trades = [];
        public long SeenFrom = long.MaxValue;
        public long NextMark;
        public int OfCandle;
    }

    public List<FeatureVector> Run(IEnumerable<MarketEvent> events)
    {
        var vectors = new List<FeatureVector>();
        _symbols.Clear();
        foreach (var e in events)
        {
            if (!_symbols.TryGetValue(e.Symbol, out var s))
            {
                _symbols[e.Symbol] = s = new Symbol(new CandleBuilder(market.Calendar, e.Symbol, options.CandleSeconds * Second));
                s.SeenFrom = market.Calendar.TryGetDay(e.EventTime, out var day) && e.EventTime < day.Open + (options.CandleSeconds * Second) ? day.Open : e.EventTime;
                s.NextMark = MarkAt(e.EventTime) + (options.IntervalMs * 1_000_000L);
            }
            else if (options.Every == Cadence.Interval && e.EventTime >= s.NextMark)
            {
                var mark = MarkAt(e.EventTime);
                s.NextMark = mark + (options.IntervalMs * 1_000_000L);
                if (market.Calendar.TryGetDay(mark, out _))
                {
                    Close(s, mark, e, vectors);
                    vectors.Add(Evaluate(s, mark, e));
                }
            }

            Close(s, e.EventTime, e, vectors);
            var effect = s.Candles.Add(in e);
            switch (effect)
            {
                case CandleChange.Added:
                    s.Trades.Add(new Trade(e.TradeNumber, Math.Max(e.EventTime, s.Trades.Count > 0 ? s.Trades[^1].Time : 0), Scaled.ToDouble(e.Quantity), e.Buyer, e.Seller, false));
                    if (options.Every == Cadence.Trade)
                    {
                        vectors.Add(Evaluate(s, s.Trades[^1].Time, e));
                    }

                    break;
                case CandleChange.Edited or CandleChange.Removed:
                    var at = s.Trades.FindLastIndex(t => t.Number == e.TradeNumber && !t.IsCancelled);
                    var old = s.Trades[at];
                    s.Trades[at] = effect == CandleChange.Removed
                        ? old with { IsCancelled = true, Quantity = 0, Buyer = 0, Seller = 0 }
                        : old with { Quantity = Scaled.ToDouble(e.Quantity), Buyer = e.Buyer != 0 ? e.Buyer : old.Buyer, Seller = e.Seller != 0 ? e.Seller : old.Seller };
                    break;
            }
        }

        return vectors;
    }

    /// <summary>The vector at a time, when all of these have come.</summary>
    public FeatureVector Last(IEnumerable<MarketEvent> events, long time)
    {
        var all = events.ToArray();
        Run(all);
        return Evaluate(_symbols[all[^1].Symbol], time, all[^1]);
    }

    private long MarkAt(long time) => time / (options.IntervalMs * 1_000_000L) * (options.IntervalMs * 1_000_000L);

    private void Close(Symbol s, long time, in MarketEvent e, List<FeatureVector> vectors)
    {
        s.Candles.Advance(time, e.Sequence);
        foreach (var candle in s.Candles.Closed.ToArray())
        {
            var mine = s.Trades.Skip(s.OfCandle).ToList();
            s.OfCandle = s.Trades.Count;
            if (candle.StartTime >= s.SeenFrom)
            {
                s.Bars.Add(new Bar(candle, Largest(mine, t => t.Buyer), Largest(mine, t => t.Seller)));
            }

            if (options.Every == Cadence.Candle)
            {
                vectors.Add(Evaluate(s, candle.EndTime, e));
            }
        }
    }

    private static int Largest(IEnumerable<Trade> trades, Func<Trade, int> of) => Ranked(trades, of).FirstOrDefault();

    private static List<int> Ranked(IEnumerable<Trade> trades, Func<Trade, int> of) =>
        [.. trades.Where(t => of(t) != 0).GroupBy(of).Select(g => (Id: g.Key, Sum: g.Sum(t => t.Quantity))).Where(g => g.Sum > 0).OrderByDescending(g => g.Sum).ThenBy(g => g.Id).Select(g => g.Id)];

    private static double Sd1(double[] x) => x.All(v => v == x[0]) ? 0 : Math.Sqrt(x.Sum(v => (v - x.Average()) * (v - x.Average())) / (x.Length - 1));

    private static double Sd0(double[] x) => x.All(v => v == x[0]) ? 0 : Math.Sqrt(x.Sum(v => (v - x.Average()) * (v - x.Average())) / x.Length);

    private FeatureVector Evaluate(Symbol s, long time, in MarketEvent cause)
    {
        var schema = Model65Block.Schema;
        var values = schema.Definitions.Select(d => d.Neutral).ToArray();
        var warm = new ulong[2];
        var bars = s.Bars;
        var n = bars.Count;
        double[] Last(int k, Func<Bar, double> of) => [.. bars.Skip(n - k).Select(of)];
        double[] Returns(int k) => [.. Enumerable.Range(n - k, k).Select(i => (bars[i].C / bars[i - 1].C) - 1)];

        void Put(string name, bool isWarm, Func<double> value)
        {
            if (isWarm)
            {
                var i = schema.IndexOf(name);
                values[i] = value();
                warm[i / 64] |= 1UL << (i % 64);
            }
        }

        double Sma(int k, Func<Bar, double> of) => Last(k, of).Average();
        foreach (var (a, b) in new[] { (10, 20), (20, 50), (50, 100), (100, 200) })
        {
            Put($"volatility_{a}", n > a, () => Sd1(Returns(a)));
            Put($"volatility_ratio_{a}", n > b, () => Sd1(Returns(b)) == 0 ? 1 : Sd1(Returns(a)) / Sd1(Returns(b)));
        }

        Put("volatility_gk", n >= 20, () => Math.Sqrt(Math.Max(0, Sma(20, b => (0.5 * Math.Pow(Math.Log(b.H / b.L), 2)) - (((2 * Math.Log(2)) - 1) * Math.Pow(Math.Log(b.C / b.O), 2))))));
        Put("bb_position", n >= 20, () => Sd0(Last(20, b => b.C)) is var sd && sd == 0 ? 0.5 : (bars[^1].C - (Sma(20, b => b.C) - (2 * sd))) / (4 * sd));
        foreach (var k in new[] { 1, 2, 5, 10, 20, 50, 100 })
        {
            Put($"returns_{k}", n > k, () => (bars[^1].C / bars[n - 1 - k].C) - 1);
        }

        foreach (var k in new[] { 1, 5, 20 })
        {
            Put($"log_returns_{k}", n > k, () => Math.Log(bars[^1].C / bars[n - 1 - k].C));
        }

        foreach (var k in new[] { 10, 20, 50, 100 })
        {
            Put($"order_flow_imbalance_{k}", n >= k, () => (Last(k, b => b.B).Sum(), Last(k, b => b.S).Sum()) is var (b, sells) && b + sells == 0 ? 0 : (b - sells) / (b + sells));
        }

        var tau = n > 0 ? bars[^1].Candle.StartTime : 0;
        market.Calendar.TryGetDay(tau, out var day);
        Put("cumulative_signed_volume", n >= 1 && day.Open >= s.SeenFrom, () => bars.Where(b => b.Candle.StartTime >= day.Open).Sum(b => b.B - b.S));
        Put("signed_volume", n >= 1, () => bars[^1].B - bars[^1].S);
        Put("volume_weighted_return", n >= 21, () => Sma(20, b => b.V) == 0 ? 0 : Returns(20).Zip(Last(20, b => b.V), (r, v) => r * v).Sum() / Last(20, b => b.V).Sum());

        var recent = s.Trades.TakeLast(options.TurnoverTrades).Where(t => !t.IsCancelled).ToList();
        Put("agent_turnover", s.Trades.Count >= options.TurnoverTrades, () => recent.Count == 0 ? 0 : recent.SelectMany(t => new[] { t.Buyer, t.Seller }).Where(id => id != 0).Distinct().Count() / (double)recent.Count);
        foreach (var k in new[] { 20, 50, 100 })
        {
            Put($"volume_ratio_{k}", n >= k, () => Sma(k, b => b.V) == 0 ? 1 : bars[^1].V / Sma(k, b => b.V));
            Put($"volume_zscore_{k}", n >= k, () => Sd1(Last(k, b => b.V)) is var sd && sd == 0 ? 0 : (bars[^1].V - Sma(k, b => b.V)) / sd);
        }

        var isSeen = time - (60 * Second) >= s.SeenFrom;
        double Intensity() => s.Trades.Count(t => !t.IsCancelled && t.Time > time - (60 * Second) && t.Time <= time) / 60.0;
        Put("trade_intensity", isSeen && n >= 1, Intensity);
        Put("trade_intensity_ratio", isSeen && n >= 20, () => Last(20, b => b.Candle.Trades).Sum() / (20.0 * options.CandleSeconds) is var mean && mean == 0 ? 1 : Intensity() / mean);
        Put("ma_5_20_ratio", n >= 20, () => Sma(5, b => b.C) / Sma(20, b => b.C));
        Put("ma_20_50_ratio", n >= 50, () => Sma(20, b => b.C) / Sma(50, b => b.C));
        Put("momentum_5_20", n >= 20, () => Sma(5, b => b.C) - Sma(20, b => b.C));
        Put("momentum_20_50", n >= 50, () => Sma(20, b => b.C) - Sma(50, b => b.C));
        foreach (var k in new[] { 5, 20 })
        {
            Put($"sharpe_{k}", n > k, () => Sd1(Returns(k)) == 0 ? 0 : Returns(k).Average() / Sd1(Returns(k)));
        }

        Put("time_normalized", n >= 1, () => Math.Clamp((tau - day.Open) / (double)(day.Close - day.Open), 0, 1));

        var (active, ranking) = (options.TopParticipants.Active, options.TopParticipants.Ranking);
        var a20 = s.Trades.TakeLast(active).ToList();
        var ranked = s.Trades.SkipLast(active).TakeLast(ranking).ToList();
        var isFull = s.Trades.Count >= active + ranking;
        foreach (var (side, of) in new (string, Func<Trade, int>)[] { ("buyer", t => t.Buyer), ("seller", t => t.Seller) })
        {
            var top = isFull ? Ranked(ranked, of).Take(5).ToList() : [];
            double Flag(int i) => i < top.Count && a20.Exists(t => of(t) == top[i]) ? 1 : 0;
            for (var i = 0; i < 5; i++)
            {
                var rank = i;
                Put($"top_{side}_{i}_active", isFull, () => Flag(rank));
            }

            Put($"top_{side}s_count", isFull, () => Enumerable.Range(0, 5).Sum(Flag));
        }

        Put("buyer_changed", n >= 2, () => bars[^1].LargestBuyer != 0 && bars[^2].LargestBuyer != 0 && bars[^1].LargestBuyer != bars[^2].LargestBuyer ? 1 : 0);
        Put("seller_changed", n >= 2, () => bars[^1].LargestSeller != 0 && bars[^2].LargestSeller != 0 && bars[^1].LargestSeller != bars[^2].LargestSeller ? 1 : 0);
        Put("is_buyer_aggressor", n >= 2, () => bars[^1].B > bars[^1].S ? 1 : 0);
        Put("is_seller_aggressor", n >= 2, () => bars[^1].S > bars[^1].B ? 1 : 0);

        var clock = new TimeSpan(market.Calendar.TimeOfDay(tau) / 100);
        Put("minute", n >= 1, () => clock.Minutes);
        Put("hour", n >= 1, () => clock.Hours);
        Put("day_of_week", n >= 1, () => ((int)DateTime.UnixEpoch.AddDays(day.Day).DayOfWeek + 6) % 7);
        Put("is_opening_30min", n >= 1, () => tau - day.Open < 30 * 60 * Second ? 1 : 0);
        Put("is_closing_30min", n >= 1, () => day.Close - tau <= 30 * 60 * Second ? 1 : 0);
        Put("is_lunch_hour", n >= 1, () => clock.Hours == 12 ? 1 : 0);
        return new FeatureVector(cause.Sequence, time, cause.Symbol, schema, values, warm);
    }
}
