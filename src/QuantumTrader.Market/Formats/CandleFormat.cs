using System.Collections.Concurrent;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>
/// The outside form of <see cref="Candle"/>: open, high, low, close, volume, bought and sold volume, number of trades. Its time is the end
/// of its interval, the first moment at which it can be known. Its channel tells its length, such as <c>bar:1m</c>.
/// </summary>
[EventFormat("candle")]
public sealed class CandleFormat(MarketContext market) : EventFormat<Candle>
{
    private const long Second = 1_000_000_000;
    private static readonly (long Seconds, char Letter)[] Units = [(86_400, 'd'), (3600, 'h'), (60, 'm'), (1, 's')];
    private readonly ConcurrentDictionary<long, string> _channels = new();

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } = [.. Envelope.Fields, "start", "o", "h", "l", "c", "v", "b", "s", "n"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["bar:"];

    /// <inheritdoc/>
    public override void Write(in Candle value, IFieldWriter fields)
    {
        fields.Envelop(market, value.Symbol, value.EndTime, value.Sequence);
        fields.Time("start", value.StartTime);
        fields.Fixed("o", value.Open);
        fields.Fixed("h", value.High);
        fields.Fixed("l", value.Low);
        fields.Fixed("c", value.Close);
        fields.Fixed("v", value.Volume);
        fields.Fixed("b", value.BuyVolume);
        fields.Fixed("s", value.SellVolume);
        fields.Whole("n", value.Trades);
    }

    /// <inheritdoc/>
    public override Candle Read(IFieldReader fields) => new()
    {
        Symbol = fields.Symbol(market),
        EndTime = fields.Time("ts"),
        Sequence = fields.Whole("seq"),
        StartTime = fields.Time("start"),
        Open = fields.Fixed("o"),
        High = fields.Fixed("h"),
        Low = fields.Fixed("l"),
        Close = fields.Fixed("c"),
        Volume = fields.Fixed("v"),
        BuyVolume = fields.Fixed("b"),
        SellVolume = fields.Fixed("s"),
        Trades = fields.Whole32("n"),
    };

    /// <summary>A candle is named by its end alone: made again from the same trades, it is the same candle whatever its sequence.</summary>
    public override EventAddress AddressOf(in Candle value) =>
        new(ChannelOf(value.EndTime - value.StartTime), market.Symbols.Name(value.Symbol), value.EndTime, 0);

    // At most one text for each second of a day, and one for whatever else comes from outside.
    private string ChannelOf(long length) => length is < Second or > 86_400 * Second || length % Second != 0
        ? "bar"
        : _channels.TryGetValue(length, out var known) ? known : _channels.GetOrAdd(length, Name(length / Second));

    private static string Name(long seconds)
    {
        var (unit, letter) = Units.First(u => seconds % u.Seconds == 0);
        return FormattableString.Invariant($"bar:{seconds / unit}{letter}");
    }
}
