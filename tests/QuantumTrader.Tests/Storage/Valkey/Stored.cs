using QuantumTrader.Market;
using QuantumTrader.Storage;
using QuantumTrader.Storage.Valkey;
using MarketFeed = QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Storage.Valkey;

/// <summary>Trades to store, and what comes back.</summary>
internal static class Stored
{
    public static MarketContext Market { get; } = MarketFeed.NewMarket();

    public static MarketFormat Format { get; } = new(Market);

    public static ValkeyOptions Options(ValkeyServer server) => new() { Host = "127.0.0.1", Port = server.Port };

    public static ValkeyStore Open(ValkeyServer server, Func<ValkeyOptions, ValkeyOptions>? change = null) => Open((change ?? (o => o))(Options(server)));

    public static ValkeyStore Open(ValkeyOptions options) => ValkeyStore.Open(options, Market.Calendar, TimeProvider.System);

    public static MarketEvent Trade(double ms, long number, int symbol = 1)
    {
        var trade = MarketFeed.Trade(ms, number, 100 + (number % 7 * 0.5), 1 + (number % 3), number % 2 == 0 ? Side.Buy : Side.Sell, symbol);
        trade.Sequence = number;
        trade.SideSource = SideSource.Flag;
        return trade;
    }

    public static MarketEvent[] Trades(int count, double msApart = 1, int firstNumber = 1, double startMs = 0) =>
        [.. Enumerable.Range(0, count).Select(i => Trade(startMs + (i * msApart), firstNumber + i))];

    public static void Store(this ValkeyStore store, params MarketEvent[] events)
    {
        store.Append<MarketEvent>(events, Format);
        store.Flush();
    }

    public static (List<MarketEvent> Events, StoreAnswer Answer) Read(this IEventStore store, double fromMs = -1e9, double toMs = 1e12, string channel = "tick", string symbol = "A", long atMost = long.MaxValue)
    {
        var events = new List<MarketEvent>();
        var query = new StoreQuery(channel, symbol, MarketFeed.Time(fromMs), MarketFeed.Time(toMs)) { AtMost = atMost };
        var answer = store.Query(query, Format, page =>
        {
            events.AddRange(page);
            return true;
        });
        return (events, answer);
    }

    public static long[] Numbers(this IEventStore store, double fromMs = -1e9, double toMs = 1e12) => [.. store.Read(fromMs, toMs).Events.Select(e => e.TradeNumber)];
}
