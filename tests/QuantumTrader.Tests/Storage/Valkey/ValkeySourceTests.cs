using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Storage.Valkey;

namespace QuantumTrader.Tests.Storage.Valkey;

[Collection("valkey")]
public sealed class ValkeySourceTests(SharedServer shared)
{
    [ValkeyFact]
    public void A_member_that_dies_leaves_no_gap_and_no_double_effect()
    {
        var server = shared.Empty();
        using (var feed = Stored.Open(server))
        {
            feed.Store(Stored.Trades(3000));
        }

        // The effect is an entry in another database, which both members write.
        using var firstEffects = Effects(server);
        using var secondEffects = Effects(server);
        using var dying = Graph(server, "first", new Storing(firstEffects) { DieAfter = 700 });
        dying.RunAsync().Wait(20_000).ShouldBeTrue();
        firstEffects.Read().Answer.Count.ShouldBeInRange(600, 800);
        server.Cli("XPENDING", "qt:tick:A", "g").ShouldNotStartWith("0\n");

        using var stop = new CancellationTokenSource();
        using var living = Graph(server, "second", new Storing(secondEffects));
        var run = living.RunAsync(stop.Token);
        using (var feed = Stored.Open(server))
        {
            feed.Store(Stored.Trades(1000, 1, 3001, 3000));
        }

        Eventually.Holds(() => server.Cli("XPENDING", "qt:tick:A", "g").StartsWith("0\n", StringComparison.Ordinal) && secondEffects.Read().Answer.Count == 4000, "all must be handled and acknowledged");
        stop.Cancel();
        run.Wait(20_000).ShouldBeTrue();

        run.Result.Fault.ShouldBeNull();
        secondEffects.Numbers().ShouldBe(Enumerable.Range(1, 4000).Select(i => (long)i));
        var report = (ValkeySourceReport)run.Result.Blocks.Single(b => b.Name == "source").Details!;
        report.TakenOver.ShouldBeGreaterThan(0);
        report.Acknowledged.ShouldBe(report.Entries);
    }

    [ValkeyFact]
    public void A_member_that_comes_back_goes_on_where_it_was()
    {
        var server = shared.Empty();
        using var feed = Stored.Open(server, o => o with { Pack = 10 });
        feed.Store(Stored.Trades(1000));
        using var effects = Effects(server);
        using (var dying = Graph(server, "only", new Storing(effects) { DieAfter = 300 }))
        {
            dying.RunAsync().Wait(20_000).ShouldBeTrue();
        }

        using var again = Graph(server, "only", new Storing(effects), o => o with { UntilEmpty = true });
        var run = again.RunAsync();
        run.Wait(20_000).ShouldBeTrue();

        run.Result.Fault.ShouldBeNull();
        effects.Numbers().ShouldBe(Enumerable.Range(1, 1000).Select(i => (long)i));
        server.Cli("XPENDING", "qt:tick:A", "g").ShouldStartWith("0\n");
    }

    [ValkeyFact]
    public void What_cannot_be_read_or_handled_becomes_a_dead_letter_and_holds_nobody_up()
    {
        var server = shared.Empty();
        using var feed = Stored.Open(server);
        feed.Store(Stored.Trades(3));
        server.Cli("XADD", "qt:tick:A", "*", "ts_us", "5", "price", "much");
        server.Cli("XGROUP", "CREATE", "qt:tick:A", "g", "0");
        server.Cli("XREADGROUP", "GROUP", "g", "other", "COUNT", "1", "STREAMS", "qt:tick:A", ">");
        server.Cli("XCLAIM", "qt:tick:A", "g", "other", "0", "1723075200000-0", "RETRYCOUNT", "9", "IDLE", "60000");
        using var effects = Effects(server);
        using var graph = Graph(server, "m", new Storing(effects), o => o with { UntilEmpty = true });

        var run = graph.RunAsync();
        run.Wait(20_000).ShouldBeTrue();

        effects.Numbers().ShouldBe([2, 3]);
        server.Cli("XLEN", "qt:tick:A:dead").Trim().ShouldBe("2");
        server.Cli("XRANGE", "qt:tick:A:dead", "-", "+").ShouldSatisfyAllConditions(d => d.ShouldContain("delivered 9 times"), d => d.ShouldContain("much"));
        ((ValkeySourceReport)run.Result.Blocks.Single(b => b.Name == "source").Details!).Dead.ShouldBe(2);
    }

    private static ValkeyStore Effects(ValkeyServer server) => Stored.Open(server, o => o with { Database = 1, Shared = true });

    private static Graph Graph(ValkeyServer server, string member, Storing sink, Func<ValkeySourceOptions, ValkeySourceOptions>? change = null)
    {
        var options = new ValkeySourceOptions { Server = Stored.Options(server), Group = "g", Member = member, FromBeginning = true, TakeOverMs = 200 };
        var files = new SectionContext(".", ".");
        var section = new StoreSection(new StoreOptions(), Stored.Market, files, TimeProvider.System);
        var source = new ValkeySource<MarketEvent>((change ?? (o => o))(options), section, Stored.Market, Stored.Format, new BlockContext("source", files, TimeProvider.System));
        return new GraphBuilder().Add("source", source).Add("sink", sink, ["source"], new BlockSettings { Io = true }).Build();
    }

    /// <summary>Has an effect for every event, and can die in the middle: between an effect and its acknowledgement.</summary>
    private sealed class Storing(ValkeyStore store) : Observer<MarketEvent>
    {
        private int _stored;

        public int DieAfter { get; init; } = int.MaxValue;

        public override void Observe(Run<MarketEvent> run)
        {
            foreach (ref readonly var e in run)
            {
                if (++_stored > DieAfter)
                {
                    throw new InvalidOperationException("dies on purpose");
                }

                store.Append(new ReadOnlySpan<MarketEvent>(in e), Stored.Format);
            }
        }
    }
}
