using QuantumTrader.Dataflow;
using QuantumTrader.Models;
using QuantumTrader.Models.Regimes;

namespace QuantumTrader.Tests.Models.Regimes;

public sealed class RegimeJoinTests
{
    private const long Second = 1_000_000_000;

    private static Prediction Prediction(long seconds, int symbol = 1) => new(seconds, seconds * Second, symbol, 0.7, 0.4, 0.7, 0, 5000, "m");

    private static Regime Regime(long seconds, RegimeClass kind, int symbol = 1) =>
        new() { Sequence = seconds, EventTime = seconds * Second, Symbol = symbol, Class = kind, Confidence = 0.6, Place = RangePlace.Middle, Atr = 3, Close = 5001 };

    private static Prediction Ask(RegimeJoin block, Prediction prediction, params Regime[] regimes)
    {
        var output = new Output<Prediction>();
        block.ProcessSide(Run<Regime>.Of(regimes, block.Accounts), output);
        block.Process(Run<Prediction>.Of([prediction], block.Accounts), output);
        return output.ToArray().ShouldHaveSingleItem();
    }

    [Fact]
    public void A_prediction_gets_the_newest_regime_of_its_symbol_and_keeps_the_rest()
    {
        var joined = Ask(new RegimeJoin(new RegimeJoinOptions()), Prediction(60), Regime(0, RegimeClass.TrendUp), Regime(60, RegimeClass.Range), Regime(60, RegimeClass.TrendDown, symbol: 2));
        joined.Regime.ShouldBe(new KnownRegime(RegimeClass.Range, 0.6, RangePlace.Middle, 3, 5001));
        (joined with { Regime = default }).ShouldBe(Prediction(60));
    }

    [Fact]
    public void Before_the_first_candle_the_regime_is_undefined_with_confidence_0()
    {
        var block = new RegimeJoin(new RegimeJoinOptions());
        Ask(block, Prediction(60), Regime(60, RegimeClass.Range, symbol: 2)).Regime.ShouldBe(new KnownRegime(RegimeClass.Undefined, 0, RangePlace.None, 0, 0));
        block.Report().ShouldBe(new RegimeJoinReport(0, 1));
    }

    [Fact]
    public void A_regime_that_is_too_old_does_not_count()
    {
        var block = new RegimeJoin(new RegimeJoinOptions { MaxAgeSeconds = 60 });
        Ask(block, Prediction(60), Regime(0, RegimeClass.Range)).Regime.Class.ShouldBe(RegimeClass.Range);
        Ask(block, Prediction(61)).Regime.ShouldBe(KnownRegime.WithoutData);
        block.Report().ShouldBe(new RegimeJoinReport(1, 1));
    }
}
