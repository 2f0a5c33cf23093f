using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Pipelines;

namespace QuantumTrader.Tests.Features;

public sealed class TapeFormatTests : FormatContract<TapePattern>
{
    protected override EventFormat<TapePattern> Format { get; } = new TapeFormat(Market);

    protected override TapePattern Make(Dice dice) => new(
        dice.Whole(), dice.Time(), dice.Symbol(), dice.Choice<TapeKind>(), dice.Choice<Side>(), dice.Real(), dice.Scaled(), dice.Scaled(), dice.Whole32(), dice.Whole(), dice.Whole());

    [Fact]
    public void Two_patterns_of_one_trade_are_two_events()
    {
        var sweep = Make(new Dice(1)) with { Kind = TapeKind.Sweep };
        Format.AddressOf(sweep).Number.ShouldNotBe(Format.AddressOf(sweep with { Kind = TapeKind.Iceberg }).Number);
        Format.AddressOf(sweep).Number.ShouldNotBe(Format.AddressOf(sweep with { Price = sweep.Price + 1 }).Number);
    }
}

public sealed class FootprintFormatTests : FormatContract<Footprint>
{
    protected override EventFormat<Footprint> Format { get; } = new FootprintFormat(Market);

    protected override Footprint Make(Dice dice)
    {
        var levels = dice.Below(5);
        double[] Reals() => [.. Enumerable.Range(0, levels).Select(_ => dice.Real())];
        return new Footprint(dice.Whole(), dice.Time(), dice.Symbol(), dice.Time(), new FootprintSummary
        {
            Volume = dice.Real(), Delta = dice.Real(), Imbalance = dice.Real(), PocPrice = dice.Real(), PocShare = dice.Real(), ValueAreaLow = dice.Real(), ValueAreaHigh = dice.Real(),
            BuyImbalances = dice.Whole32(), SellImbalances = dice.Whole32(), IsBuyStacked = dice.Below(2) == 0, IsSellStacked = dice.Below(2) == 0,
            Absorption = dice.Real(), IsAbsorptionWarm = dice.Below(2) == 0, Step = dice.Real(), IsAggregated = dice.Below(2) == 0,
        }, Reals(), Reals(), Reals());
    }

    protected override void ShouldBeSame(Footprint read, Footprint written)
    {
        (read with { Prices = [], Sold = [], Bought = [] }).ShouldBe(written with { Prices = [], Sold = [], Bought = [] }, new SameSummary());
        read.Prices.ShouldBe(written.Prices);
        read.Sold.ShouldBe(written.Sold);
        read.Bought.ShouldBe(written.Bought);
    }

    // Records compare arrays by reference.
    private sealed class SameSummary : IEqualityComparer<Footprint>
    {
        public bool Equals(Footprint x, Footprint y) => (x.Sequence, x.EventTime, x.Symbol, x.StartTime, x.Summary) == (y.Sequence, y.EventTime, y.Symbol, y.StartTime, y.Summary);

        public int GetHashCode(Footprint obj) => obj.Summary.GetHashCode();
    }

    [Fact]
    public void Levels_of_unequal_length_are_refused() =>
        Should.Throw<FieldException>(() => Format.Read(new TextFieldReader(new Dictionary<string, string> { ["symbol"] = "WDOX", ["prices"] = "[1, 2]", ["sold"] = "[1]", ["bought"] = "[1, 2]" })))
            .Message.ShouldBe("found 2 prices, 1 sold and 2 bought quantities. Legal: as many of each.");
}

public sealed class AlertFormatTests : FormatContract<Alert>
{
    protected override EventFormat<Alert> Format { get; } = new AlertFormat(Market);

    protected override Alert Make(Dice dice) =>
        new(dice.Whole(), dice.Time(), dice.Symbol(), dice.Name(), dice.Choice<AlertSeverity>(), dice.Choice<Side>(), dice.Real(), dice.Real());
}

public sealed class FlowChannelTests
{
    [Fact]
    public void Vectors_of_flow_and_book_have_channels_of_their_own()
    {
        var market = MarketContext.Of(new TradingCalendar(), new Instrument("A", 0.5m, 10m, 1m));
        var format = new FeatureFormat(market);
        string Channel(FeatureSchema schema) => format.AddressOf(new FeatureVector(1, 2, 1, schema, new double[schema.Names.Count], new ulong[1])).Channel;
        (Channel(Flow.Schema), Channel(BookFeatures.Schema), Channel(Basic.Schema)).ShouldBe(("flow", "liquidity", "features"));
    }
}
