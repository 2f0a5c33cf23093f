using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Features.Model65;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features.Model65;

/// <summary>A vector per closed candle, windows as long as they come.</summary>
public sealed class Model65PerCandleTests : FeatureContract
{
    private static readonly Model65Options Options = new() { CandleSeconds = 60 };

    protected override FeatureSchema Schema => Model65Block.Schema;

    protected override IEnumerable<GoldenRow> Golden => [Examples.B];

    protected override Operator<MarketEvent, FeatureVector> Create() => new Model65Block(Options, Market);

    protected override IReadOnlyList<FeatureVector>? Batch(MarketEvent[] events) => new Model65Batch(Options, Market).Run(events);
}

/// <summary>A vector per trade, with windows so short that every stream fills them.</summary>
public sealed class Model65PerTradeTests : FeatureContract
{
    private static readonly Model65Options Options = new()
    {
        CandleSeconds = 300, Every = Cadence.Trade, TopParticipants = new TopParticipantsOptions { Active = 3, Ranking = 6 }, TurnoverTrades = 9,
    };

    protected override FeatureSchema Schema => Model65Block.Schema;

    protected override long Alignment => 300_000_000_000L;

    protected override IEnumerable<GoldenRow> Golden => [Examples.C];

    protected override Operator<MarketEvent, FeatureVector> Create() => new Model65Block(Options, Market);

    protected override IReadOnlyList<FeatureVector>? Batch(MarketEvent[] events) => new Model65Batch(Options, Market).Run(events);
}

/// <summary>A vector every ten seconds of event time, on an exchange that closes at night.</summary>
public sealed class Model65PerIntervalTests : FeatureContract
{
    private static readonly Model65Options Options = new()
    {
        CandleSeconds = 600, Every = Cadence.Interval, IntervalMs = 10_000, TopParticipants = new TopParticipantsOptions { Active = 5, Ranking = 40 },
    };

    protected override MarketContext Market { get; } = Examples.Exchange();

    protected override FeatureSchema Schema => Model65Block.Schema;

    protected override long Alignment => 600_000_000_000L;

    protected override IEnumerable<GoldenRow> Golden => [];

    protected override Operator<MarketEvent, FeatureVector> Create() => new Model65Block(Options, Market);

    protected override IReadOnlyList<FeatureVector>? Batch(MarketEvent[] events) => new Model65Batch(Options, Market).Run(events);
}

public sealed class Model65Tests
{
    private static Model65Block Block(Model65Options? options = null) => new(options ?? new Model65Options(), Feed.NewMarket());

    private static double Value(FeatureVector vector, string name) => vector.Values[vector.Schema.IndexOf(name)];

    [Fact]
    public void The_names_are_the_65_of_the_models_in_their_order()
    {
        var names = Model65Block.Schema.Names;
        names.Count.ShouldBe(65);
        new[] { 0, 9, 10, 20, 28, 36, 42, 43, 58, 59, 64 }.Select(i => names[i]).ShouldBe(
            ["volatility_10", "bb_position", "returns_1", "order_flow_imbalance_10", "volume_ratio_20", "ma_5_20_ratio", "time_normalized", "top_buyer_0_active", "is_seller_aggressor", "minute", "is_lunch_hour"]);
        FeatureCatalogue.Shipped.Find("volatility_ratio_10_20")!.Value.Feature.Name.ShouldBe("volatility_ratio_10");
    }

    [Theory]
    [InlineData("volatility_10", 11)]
    [InlineData("volatility_100", 101)]
    [InlineData("volatility_ratio_10", 21)]
    [InlineData("volatility_ratio_100", 201)]
    [InlineData("volatility_gk", 20)]
    [InlineData("bb_position", 20)]
    [InlineData("returns_1", 2)]
    [InlineData("returns_100", 101)]
    [InlineData("log_returns_20", 21)]
    [InlineData("order_flow_imbalance_50", 50)]
    [InlineData("cumulative_signed_volume", 1)]
    [InlineData("signed_volume", 1)]
    [InlineData("volume_weighted_return", 21)]
    [InlineData("volume_ratio_100", 100)]
    [InlineData("volume_zscore_20", 20)]
    [InlineData("trade_intensity", 1)]
    [InlineData("trade_intensity_ratio", 20)]
    [InlineData("ma_5_20_ratio", 20)]
    [InlineData("momentum_20_50", 50)]
    [InlineData("sharpe_5", 6)]
    [InlineData("sharpe_20", 21)]
    [InlineData("time_normalized", 1)]
    [InlineData("buyer_changed", 2)]
    [InlineData("is_buyer_aggressor", 2)]
    [InlineData("minute", 1)]
    public void A_feature_is_warm_from_its_candle_on_and_not_before(string name, int candle)
    {
        // From the day's open, so that nothing is missing.
        var trades = Enumerable.Range(0, 202).Select(i => Feed.Trade(60_000 * i, i + 1, 100 + (i % 7), 1 + (i % 3), i % 2 == 0 ? Side.Buy : Side.Sell) with { Buyer = 1 + (i % 4), Seller = 5 });
        var vectors = Block().Drive(Feed.Numbered(trades));
        var at = vectors[0].Schema.IndexOf(name);
        vectors.TakeWhile(v => !v.IsWarm(at)).Count().ShouldBe(candle - 1);
        vectors.Skip(candle - 1).ShouldAllBe(v => v.IsWarm(at));
    }

    [Fact]
    public void A_flat_market_gives_the_values_for_division_by_zero_and_stays_warm()
    {
        // First it moves, so that a rolling sum would keep a residue.
        var trades = Enumerable.Range(0, 600).Select(i => Feed.Trade(60_000 * i, i + 1, i < 250 ? 100 + (i * 37 % 13) : 100, i < 250 ? 1 + (i % 5) : 3));
        var last = Block().Drive(Feed.Numbered(trades))[^1];
        foreach (var (name, expected) in new[]
        {
            ("volatility_10", 0.0), ("volatility_100", 0), ("volatility_ratio_10", 1), ("volatility_ratio_100", 1), ("volatility_gk", 0), ("bb_position", 0.5),
            ("returns_1", 0), ("log_returns_20", 0), ("order_flow_imbalance_10", 0), ("volume_ratio_100", 1), ("volume_zscore_100", 0), ("sharpe_20", 0), ("momentum_5_20", 0), ("ma_5_20_ratio", 1),
        })
        {
            last.IsWarm(last.Schema.IndexOf(name)).ShouldBeTrue(name);
            Value(last, name).ShouldBe(expected, name);
        }
    }

    [Fact]
    public void Example_C_at_the_end_of_the_second_candle()
    {
        var block = Block(new Model65Options { CandleSeconds = 300 });
        var vector = block.Drive([.. Examples.C.Events, Feed.Clock(600_000) with { Symbol = 1, Sequence = 10 }])[^1];
        var names = new[] { "buyer_changed", "seller_changed", "is_buyer_aggressor", "is_seller_aggressor" };
        names.Select(n => Value(vector, n)).ShouldBe([1, 1, 1, 0]);
        names.ShouldAllBe(n => vector.IsWarm(vector.Schema.IndexOf(n)));
    }

    [Theory]
    [InlineData("09:00", 0, 1, 0, 0)]
    [InlineData("09:30", 0.05555555556, 0, 0, 0)]
    [InlineData("12:00", 0.3333333333, 0, 0, 1)]
    [InlineData("13:00", 0.4444444444, 0, 0, 0)]
    [InlineData("17:29", 0.9425925926, 0, 0, 0)]
    [InlineData("17:30", 0.9444444444, 0, 1, 0)]
    [InlineData("17:59", 0.9981481481, 0, 1, 0)]
    public void Example_D(string tau, double share, int opening, int closing, int lunch)
    {
        var start = TimeSpan.Parse(tau, System.Globalization.CultureInfo.InvariantCulture).TotalMilliseconds;
        var block = new Model65Block(new Model65Options(), Examples.Exchange());
        var vector = block.Drive(Feed.Numbered(Feed.Trade(start), Feed.Clock(start + 60_000) with { Symbol = 1 }))[^1];
        Value(vector, "time_normalized").ShouldBe(share, 1e-10);
        (Value(vector, "is_opening_30min"), Value(vector, "is_closing_30min"), Value(vector, "is_lunch_hour")).ShouldBe((opening, closing, lunch));
        (Value(vector, "hour"), Value(vector, "day_of_week")).ShouldBe((int.Parse(tau[..2], System.Globalization.CultureInfo.InvariantCulture), 3), "2024-08-08 was a Thursday");
    }

    [Fact]
    public void Who_begins_inside_a_candle_does_not_count_it_and_does_not_know_the_day()
    {
        var vectors = Block().Drive(Feed.Numbered(Enumerable.Range(0, 4).Select(i => Feed.Trade(3_600_030 + (60_000 * i), i + 1, 100 + i, 5, Side.Buy))));
        Value(vectors[0], "signed_volume").ShouldBe(0);
        vectors[0].IsWarm(vectors[0].Schema.IndexOf("signed_volume")).ShouldBeFalse("its first 30 ms were not seen");
        vectors[1].IsWarm(vectors[1].Schema.IndexOf("signed_volume")).ShouldBeTrue();
        vectors[^1].IsWarm(vectors[^1].Schema.IndexOf("cumulative_signed_volume")).ShouldBeFalse();
    }

    [Fact]
    public void A_price_that_is_not_above_zero_is_refused_and_counted()
    {
        var block = Block();
        block.Drive(Feed.Numbered(Feed.Trade(0, 1, 100), Feed.Trade(1, 2, 0), Feed.Trade(2, 3, -5)));
        block.Accounts.DroppedTotal.ShouldBe(2);
    }

    [Fact]
    public void After_many_trades_the_stream_is_what_the_formulas_give_for_the_last_ones() => Compare(150_000, 200);

    [Fact]
    [Trait("Category", "Slow")]
    public void After_a_million_trades_the_stream_is_what_the_formulas_give_for_the_last_ones() => Compare(1_000_000, 40);

    private static void Compare(int count, int milliseconds)
    {
        var options = new Model65Options { Every = Cadence.Trade, CandleSeconds = 60, TurnoverTrades = 100 };
        var market = Feed.NewMarket();
        var block = new Model65Block(options, market);
        var output = new Output<FeatureVector>();
        var random = new Random(count);
        var events = new MarketEvent[count];
        var price = 10_000L;
        for (var i = 0; i < events.Length; i++)
        {
            price = Math.Max(100, price + random.Next(-3, 4));
            events[i] = Feed.Trade(i * (double)milliseconds, i + 1, price / 2.0, random.Next(1, 40), random.Next(2) == 0 ? Side.Buy : Side.Sell) with { Sequence = i + 1, Buyer = random.Next(1, 60), Seller = random.Next(1, 60) };
        }

        foreach (var run in events.AsSpan()[..^1].ToArray().Chunk(50_000))
        {
            block.Process(Run<MarketEvent>.Of(run), output);
            output.ToArray();
        }

        block.Process(Run<MarketEvent>.Of(events.AsSpan()[^1..]), output);
        var last = output.ToArray().ShouldHaveSingleItem();

        // The longest windows are 201 candles and 1020 trades; the day's sum needs the day.
        var start = Feed.Start + (events[^1].EventTime - Feed.Start - (220 * 60_000_000_000L)) / 60_000_000_000L * 60_000_000_000L;
        var expected = new Model65Batch(options with { Every = Cadence.Interval, IntervalMs = 86_400_000 }, market);
        var batch = expected.Last(events.Where(e => e.EventTime >= start), events[^1].EventTime);
        for (var i = 0; i < 65; i++)
        {
            if (batch.IsWarm(i))
            {
                last.IsWarm(i).ShouldBeTrue();
                last.Values[i].ShouldBe(batch.Values[i], Math.Max(1e-15, Math.Abs(batch.Values[i]) * 1e-9), last.Schema.Names[i]);
            }
        }

        last.AllWarm.ShouldBeTrue();
    }

    [Fact]
    public void Vectors_allocate_nothing_once_the_windows_are_full()
    {
        var events = FeatureStreams.Walk(20_000);
        for (var i = 0; i < events.Length; i++)
        {
            events[i].Symbol = 1;
            events[i].EventTime = Feed.Start + (i * 100_000_000L);
        }

        var block = new Model65Block(new Model65Options { Every = Cadence.Trade }, Feed.NewMarket());
        var source = new Again(events);
        var sink = new Last();
        using var graph = new GraphBuilder(new EngineSettings { Workers = 1 }).Add("source", source).Add("features", block, ["source"]).Add("sink", sink, ["features"]).Build();
        graph.RunAsync().GetAwaiter().GetResult().Fault.ShouldBeNull();
        sink.Vectors.ShouldBeGreaterThan(200_000);
        sink.AllocatedPerVector.ShouldBeLessThan(1);
    }

    private sealed class Again(MarketEvent[] events) : Source<MarketEvent>
    {
        private long _made;

        public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
        {
            for (var i = 0; i < limit; i++)
            {
                ref var e = ref output.Next();
                e = events[_made % events.Length];
                e.Flags = EventFlags.None;
                e.Kind = EventKind.Trade;
                e.Price = Math.Max(e.Price, Scaled.One);
                e.Quantity = Math.Max(e.Quantity, Scaled.One);
                e.EventTime += _made / events.Length * 2_000_000_000_000L;
                e.Sequence = ++_made;
            }

            return _made < 300_000;
        }
    }

    private sealed class Last : Observer<FeatureVector>
    {
        private long _start;

        public long Vectors { get; private set; }

        public double AllocatedPerVector { get; private set; }

        public override void Observe(Run<FeatureVector> run)
        {
            // Features and sink are fused, so their allocations are this thread's.
            Vectors += run.Length;
            if (Vectors > 150_000 && _start == 0)
            {
                (_start, _from) = (GC.GetAllocatedBytesForCurrentThread(), Vectors);
            }
            else if (_start != 0)
            {
                AllocatedPerVector = (GC.GetAllocatedBytesForCurrentThread() - _start) / (double)(Vectors - _from);
            }
        }

        private long _from;
    }
}
