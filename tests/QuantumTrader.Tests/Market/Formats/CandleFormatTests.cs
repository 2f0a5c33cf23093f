using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Pipelines;

namespace QuantumTrader.Tests.Market;

public sealed class CandleFormatTests : FormatContract<Candle>
{
    private const long Second = 1_000_000_000;

    protected override EventFormat<Candle> Format { get; } = new CandleFormat(Market);

    protected override Candle Make(Dice dice) => new()
    {
        Symbol = dice.Symbol(), StartTime = dice.Time(), EndTime = dice.Time(), Sequence = dice.Whole(), Open = dice.Scaled(), High = dice.Scaled(), Low = dice.Scaled(),
        Close = dice.Scaled(), Volume = dice.Scaled(), BuyVolume = dice.Scaled(), SellVolume = dice.Scaled(), Trades = dice.Whole32(),
    };

    [Theory]
    [InlineData(1, "bar:1s")]
    [InlineData(60, "bar:1m")]
    [InlineData(90, "bar:90s")]
    [InlineData(300, "bar:5m")]
    [InlineData(3600, "bar:1h")]
    [InlineData(86_400, "bar:1d")]
    [InlineData(0, "bar")]
    [InlineData(100_000, "bar")]
    public void The_channel_tells_the_length(int seconds, string channel) =>
        Format.AddressOf(new Candle { Symbol = 1, StartTime = 60 * Second, EndTime = (60 + seconds) * Second }).Channel.ShouldBe(channel);

    [Fact]
    public void A_candle_is_named_by_its_end_whatever_closed_it() =>
        Format.AddressOf(new Candle { Symbol = 2, StartTime = 0, EndTime = 60 * Second, Sequence = 1 }).ShouldBe(
            Format.AddressOf(new Candle { Symbol = 2, StartTime = 0, EndTime = 60 * Second, Sequence = 2 }));

    [Fact]
    public void The_fields_are_those_of_a_bar() => Format.Fields.ShouldBe(["symbol", "ts", "seq", "start", "o", "h", "l", "c", "v", "b", "s", "n"]);
}
