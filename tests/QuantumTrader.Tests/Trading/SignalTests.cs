using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Trading;
using static QuantumTrader.Tests.Trading.TradingFixture;

namespace QuantumTrader.Tests.Trading;

public class SignalTests
{
    private static SignalBlock Block(SignalOptions? options = null) => new(options ?? new SignalOptions(), MakeMarket());

    private static Signal[] Run(SignalBlock block, params Prediction[] predictions)
    {
        var output = new Output<Signal>();
        block.Process(Run<Prediction>.Of(predictions, block.Accounts), output);
        return output.ToArray();
    }

    [Fact]
    public void A_strong_prediction_becomes_a_signal_to_its_side()
    {
        var signals = Run(Block(), Prediction(0.3, 0.6, 1), Prediction(-0.9, 0.95, 2, symbol: 2));
        signals.Select(s => (s.Sequence, s.EventTime, s.Symbol, s.Side, s.Price, s.Model)).ShouldBe([(2, Second, 1, Side.Buy, 5000, "m"), (3, 2 * Second, 2, Side.Sell, 5000, "m")]);
    }

    [Theory]
    [InlineData(0.29, 1, "weak_direction")]
    [InlineData(-0.29, 1, "weak_direction")]
    [InlineData(0.5, 0.59, "low_confidence")]
    [InlineData(0.1, 0.1, "weak_direction")]
    [InlineData(double.NaN, 1, "not_finite")]
    [InlineData(1, double.NaN, "not_finite")]
    [InlineData(double.PositiveInfinity, 1, "not_finite")]
    public void What_is_too_weak_is_refused_by_name(double direction, double confidence, string reason)
    {
        var block = Block();
        Run(block, Prediction(direction, confidence)).ShouldBeEmpty();
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { [reason] = 1 });
    }

    [Fact]
    public void Without_a_direction_there_is_no_side_even_without_thresholds() =>
        Run(Block(new SignalOptions { MinDirection = 0, MinConfidence = 0 }), Prediction(0)).ShouldBeEmpty();

    [Fact]
    public void Signals_of_a_symbol_keep_their_distance_whichever_model_they_come_from()
    {
        var block = Block(new SignalOptions { MinIntervalSeconds = 10 });
        var signals = Run(block, Prediction(1, seconds: 0), Prediction(1, seconds: 9, model: "other"), Prediction(1, seconds: 9, symbol: 2), Prediction(-1, seconds: 10));
        signals.Select(s => (s.EventTime / Second, s.Symbol)).ShouldBe([(0, 1), (9, 2), (10, 1)]);
        block.Accounts.Dropped["too_soon"].ShouldBe(1);
    }

    [Fact]
    public void The_hash_sees_every_field()
    {
        var signal = Signal(Side.Buy);
        Signal[] others =
        [
            signal with { Sequence = 9 }, signal with { EventTime = 9 }, signal with { Symbol = 9 }, signal with { Side = Side.Sell }, signal with { Direction = 0.9 },
            signal with { Confidence = 0.9 }, signal with { Price = 9 }, signal with { Model = "n" },
            signal with { StopTicks = 9 }, signal with { TakeTicks = 9 },
        ];
        others.Append(signal).Select(Hash).Distinct().Count().ShouldBe(11);
        var fill = Fill(Side.Buy, 1, 100, 1.0m);
        Hash(fill).ShouldBe(Hash(fill with { Fee = 1.000m }));
        Hash(fill).ShouldNotBe(Hash(fill with { Fee = 1.001m }));
    }

    private static string Hash<T>(T e) where T : struct, IEvent<T>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        T.AppendTo([e], hash);
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
