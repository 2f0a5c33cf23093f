using System.Collections.Concurrent;
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

    [ValkeyFact]
    public void Late_trades_are_sent_behind_what_was_sent_before_and_acknowledged()
    {
        var server = shared.Empty();
        using var feed = Stored.Open(server, o => o with { MaxLatenessMs = 1000 });
        feed.Store(Stored.Trades(2000, 10_000, 1000));
        feed.Append<MarketEvent>([Stored.Trade(30_000, 1), Stored.Trade(4_000_000, 2), Stored.Trade(10_000, 3)], Stored.Format).Late.ShouldBe(3);
        var seen = new Collecting();
        using var graph = Graph(server, "m", seen, o => o with { UntilEmpty = true });
        var run = graph.RunAsync();
        run.Wait(20_000).ShouldBeTrue();

        run.Result.Fault.ShouldBeNull();
        seen.Numbers.ShouldBe([.. Enumerable.Range(1000, 2000), 1, 3, 2]);
        seen.Sequences.ShouldBeInOrder();
        var report = (ValkeySourceReport)run.Result.Blocks.Single(b => b.Name == "source").Details!;
        (report.Entries, report.Late, report.Acknowledged, report.Outages).ShouldBe((2003, 3, 2003, 0));
        foreach (var hour in new[] { "2024080800", "2024080801" })
        {
            server.Cli("XPENDING", $"qt:tick:A:late:{hour}", "g").ShouldStartWith("0\n");
        }

        var without = new Collecting();
        using var other = Graph(server, "m", without, o => o with { UntilEmpty = true, Late = false, Group = "h" });
        other.RunAsync().Wait(20_000).ShouldBeTrue();
        without.Numbers.Count.ShouldBe(2000);
    }

    [ValkeyFact]
    public void Late_trades_of_a_dead_member_are_taken_over_and_bad_ones_are_dead_letters()
    {
        var server = shared.Empty();
        using var feed = Stored.Open(server, o => o with { MaxLatenessMs = 1000 });
        feed.Store(Stored.Trades(10, 10_000, 1000));
        feed.Append<MarketEvent>([Stored.Trade(30_000, 1), Stored.Trade(10_000, 2)], Stored.Format).Late.ShouldBe(2);
        const string late = "qt:tick:A:late:2024080800";
        server.Cli("XADD", late, "*", "ts_us", "5", "price", "much");
        server.Cli("XGROUP", "CREATE", late, "g", "0");
        server.Cli("XREADGROUP", "GROUP", "g", "dead", "COUNT", "1", "STREAMS", late, ">");
        var seen = new Collecting();
        using var stop = new CancellationTokenSource();
        using var graph = Graph(server, "m", seen);
        var run = graph.RunAsync(stop.Token);
        Eventually.Holds(() => server.Cli("XPENDING", late, "g").StartsWith("0\n", StringComparison.Ordinal) && seen.Count == 12, "all must be handled and acknowledged");
        // An hour that did not have any, and one more for an hour that had.
        feed.Append<MarketEvent>([Stored.Trade(80_000_000, 3), Stored.Trade(3_700_000, 4), Stored.Trade(40_000, 5)], Stored.Format).Late.ShouldBe(2);
        Eventually.Holds(() => seen.Count == 15, "late trades must arrive while it runs");
        stop.Cancel();
        run.Wait(20_000).ShouldBeTrue();

        seen.Numbers.Order().ShouldBe([1, 2, 3, 4, 5, .. Enumerable.Range(1000, 10)]);
        server.Cli("XRANGE", "qt:tick:A:dead", "-", "+").ShouldContain("much");
        var report = (ValkeySourceReport)run.Result.Blocks.Single(b => b.Name == "source").Details!;
        (report.Late, report.TakenOver, report.Dead).ShouldBe((4, 1, 1));
    }

    [ValkeyFact]
    public void A_group_that_begins_now_has_none_of_the_late_trades_of_before()
    {
        var server = shared.Empty();
        using var feed = Stored.Open(server, o => o with { MaxLatenessMs = 1000 });
        feed.Store(Stored.Trades(10, 10_000, 1000));
        feed.Append<MarketEvent>([Stored.Trade(10_000, 1)], Stored.Format).Late.ShouldBe(1);
        var seen = new Collecting();
        using var stop = new CancellationTokenSource();
        using var graph = Graph(server, "m", seen, o => o with { FromBeginning = false });
        var run = graph.RunAsync(stop.Token);
        Eventually.Holds(() => server.Cli("XINFO", "GROUPS", "qt:tick:A:late:2024080800").Contains("consumers", StringComparison.Ordinal), "it must have joined");
        feed.Append<MarketEvent>([Stored.Trade(100_000, 2), Stored.Trade(20_000, 3)], Stored.Format).Late.ShouldBe(1);
        Eventually.Holds(() => seen.Count == 2, "what comes from now on");
        stop.Cancel();
        run.Wait(20_000).ShouldBeTrue();

        seen.Numbers.Order().ShouldBe([2, 3]);
    }

    [ValkeyFact]
    public void A_run_that_only_looks_reads_everything_and_leaves_the_group_as_it_is()
    {
        var server = shared.Empty();
        using var feed = Stored.Open(server, o => o with { MaxLatenessMs = 1000 });
        feed.Store(Stored.Trades(2000, 10_000, 1000));
        feed.Append<MarketEvent>([Stored.Trade(30_000, 1)], Stored.Format).Late.ShouldBe(1);
        server.Cli("XADD", "qt:tick:A", "*", "ts_us", "5", "price", "much");
        var untouched = new Collecting();
        using (var look = Graph(server, "m", untouched, onlyLooks: true))
        {
            look.RunAsync().Wait(20_000).ShouldBeTrue();
        }

        untouched.Numbers.ShouldBe([.. Enumerable.Range(1000, 2000), 1]);
        server.Cli("XINFO", "GROUPS", "qt:tick:A").Trim().ShouldBe("", "no group may be made");

        // A member that has some of them in its hands.
        server.Cli("XGROUP", "CREATE", "qt:tick:A", "g", "0");
        server.Cli("XREADGROUP", "GROUP", "g", "m", "COUNT", "10", "STREAMS", "qt:tick:A", ">");
        var before = Group();
        var seen = new Collecting();
        using var graph = Graph(server, "m", seen, onlyLooks: true);
        var run = graph.RunAsync();
        run.Wait(20_000).ShouldBeTrue();

        seen.Numbers.Count.ShouldBe(2001);
        Group().ShouldBe(before);
        server.Cli("EXISTS", "qt:tick:A:dead").Trim().ShouldBe("0");
        run.Result.Blocks.Single(b => b.Name == "source").Dropped.ShouldBe(new Dictionary<string, long> { ["bad_entry"] = 1 });

        string Group() => server.Cli("XINFO", "GROUPS", "qt:tick:A") + server.Cli("XPENDING", "qt:tick:A", "g");
    }

    [ValkeyFact]
    public void A_source_waits_for_a_server_that_is_gone_and_says_so()
    {
        using var server = new ValkeyServer();
        using var feed = Stored.Open(server);
        feed.Store(Stored.Trades(100));
        var seen = new Collecting();
        using var stop = new CancellationTokenSource();
        using var graph = Graph(server, "m", seen);
        var run = graph.RunAsync(stop.Token);
        double Up() => graph.Snapshot().Blocks.Single(b => b.Name == "source").Gauges.Single(g => g.Name == "qt_store_up").Value;
        Eventually.Holds(() => seen.Count == 100, "the first trades");
        Up().ShouldBe(1);
        server.Kill();
        Eventually.Holds(() => Up() == 0, "the outage must show");
        server.Restart();
        using (var again = Stored.Open(server))
        {
            again.Store(Stored.Trades(100, 1, 101, 100));
        }

        Eventually.Holds(() => seen.Count == 200 && Up() == 1, "it must go on");
        stop.Cancel();
        run.Wait(20_000).ShouldBeTrue();

        seen.Numbers.ShouldBe(Enumerable.Range(1, 200).Select(i => (long)i));
        run.Result.NoteCounts.ShouldBe(new Dictionary<string, long> { ["source.store_down"] = 1, ["source.store_back"] = 1 }, ignoreOrder: true);
    }

    private static ValkeyStore Effects(ValkeyServer server) => Stored.Open(server, o => o with { Database = 1, Shared = true });

    private static Graph Graph(ValkeyServer server, string member, Observer<MarketEvent> sink, Func<ValkeySourceOptions, ValkeySourceOptions>? change = null, bool onlyLooks = false)
    {
        var options = new ValkeySourceOptions { Server = Stored.Options(server), Group = "g", Member = member, FromBeginning = true, TakeOverMs = 200 };
        var files = new SectionContext(".", ".");
        var section = new StoreSection(new StoreOptions(), Stored.Market, files, TimeProvider.System);
        var source = new ValkeySource<MarketEvent>((change ?? (o => o))(options), section, Stored.Market, Stored.Format, new BlockContext("source", files, TimeProvider.System) { OnlyLooks = onlyLooks });
        return new GraphBuilder().Add("source", source).Add("sink", sink, ["source"], new BlockSettings { Io = true }).Build();
    }

    /// <summary>Keeps what it sees.</summary>
    private sealed class Collecting : Observer<MarketEvent>
    {
        private readonly ConcurrentQueue<MarketEvent> _seen = new();

        public int Count => _seen.Count;

        public IReadOnlyList<long> Numbers => [.. _seen.Select(e => e.TradeNumber)];

        public IReadOnlyList<long> Sequences => [.. _seen.Select(e => e.Sequence)];

        public override void Observe(Run<MarketEvent> run)
        {
            foreach (ref readonly var e in run)
            {
                _seen.Enqueue(e);
            }
        }
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
