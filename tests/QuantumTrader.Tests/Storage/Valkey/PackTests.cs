using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage.Valkey;
using MarketFeed = QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Storage.Valkey;

public sealed class PackTests
{
    [Fact]
    public void Events_of_several_kinds_share_a_pack()
    {
        MarketEvent[] events = MarketFeed.Numbered([.. MarketFeed.Snapshot(1, 5, (-99.5, 3), (100, 2)), MarketFeed.Quote(2, 99.5, 100), Stored.Trade(3, 7), MarketFeed.Trade(4, flags: EventFlags.OffMarket)]);

        MarketFeed.Bytes(Unpack(Pack(events))).ShouldBe(MarketFeed.Bytes(events));
    }

    [Fact]
    public void Every_way_to_break_a_pack_is_a_finding_and_no_crash()
    {
        var pack = Pack(Stored.Trades(20));
        for (var i = 0; i < pack.Length; i++)
        {
            foreach (var cut in new[] { pack[..i], [.. pack[..i], .. pack[(i + 1)..]], [.. pack[..i], (byte)(pack[i] ^ 0xFF), .. pack[(i + 1)..]] })
            {
                try
                {
                    Unpack(cut);
                }
                catch (FieldException)
                {
                    // Said, and nothing else of the stream is lost.
                }
            }
        }
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "0.00000001")]
    [InlineData(-1, "-0.00000001")]
    [InlineData(6149650000000, "61496.5")]
    [InlineData(-12300000000, "-123")]
    [InlineData(long.MaxValue, "92233720368.54775807")]
    [InlineData(long.MinValue, "-92233720368.54775808")]
    public void Scaled_numbers_are_written_as_the_shortest_decimal(long scaled, string text)
    {
        Span<byte> buffer = stackalloc byte[24];
        System.Text.Encoding.ASCII.GetString(buffer[..ScaledText.Write(buffer, scaled)]).ShouldBe(text);
    }

    private static byte[] Pack(MarketEvent[] events)
    {
        var writer = new PackWriter(Stored.Format.Fields);
        foreach (ref readonly var e in events.AsSpan())
        {
            writer.BeginEvent();
            Stored.Format.Write(in e, writer);
            writer.EndEvent();
        }

        return writer.Finish().ToArray();
    }

    private static MarketEvent[] Unpack(byte[] pack)
    {
        var reader = new PackReader();
        var events = new List<MarketEvent>();
        reader.Turn(pack);
        while (reader.MoveNext())
        {
            events.Add(Stored.Format.Read(reader));
        }

        return [.. events];
    }
}
