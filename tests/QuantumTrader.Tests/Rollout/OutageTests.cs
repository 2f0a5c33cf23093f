using System.Net;
using System.Net.Sockets;
using QuantumTrader.Dataflow;
using QuantumTrader.Rollout;
using QuantumTrader.Tests.Storage.Valkey;

namespace QuantumTrader.Tests.Rollout;

/// <summary>Phases whose outside world does not answer.</summary>
public sealed class OutageTests
{
    private const int Count = 20_000;
    private const int HeldAt = 500;

    // Longer than any test waits: one wait of the main path for the store would be seen.
    private const int TimeoutMs = 300_000;

    private static string Stored(int port, string sink = "", string phase = "", int timeout = TimeoutMs) => $$"""
        version: 1
        pipeline: outage
        engine: { hashes: true, capacity: 64, batch: 16, drain_seconds: 20 }
        market: { symbols: [DEMO] }
        store: { kind: valkey, valkey: { host: 127.0.0.1, port: {{port}}, timeout_ms: {{timeout}} } }
        blocks:
          feed:   { type: rollout.feed, count: {{Count}}, hold_at: {{HeldAt}} }
          plain:  { type: rollout.answer, from: feed, by: baseline }
          stored: { type: sink.store, from: plain, phase: valkey{{sink}} }
          keep:   { type: rollout.keep, from: stored }
        rollout:
          phases:
            - { name: valkey, kind: effect, rollback_level: 3, candidate: { block: stored }, at: complete{{phase}} }
        """;

    [ValkeyFact]
    public async Task A_store_that_stands_still_costs_its_events_and_holds_nobody_up()
    {
        using var server = new ValkeyServer();
        var run = await RolloutRun.HeldAsync(Stored(server.Port), HeldAt, (_, graph) =>
        {
            server.Pause();
            try
            {
                ((Feed)graph.Blocks["feed"]).GoOn();
                RolloutRun.UntilKept(graph, Count);
            }
            finally
            {
                server.Continue();
            }
        });

        var dropped = run.Report.Edges.Single(e => e.To == "stored").Dropped["full"];
        dropped.ShouldBeGreaterThan(0);
        run.Counts.ShouldSatisfyAllConditions(c => c.EnhancedCalls.ShouldBe(Count), c => c.FallbackCount.ShouldBe(0));
        run.Hash("plain").ShouldBe((await RolloutRun.OfAsync(RolloutRun.Without($"count: {Count}"))).Hash("baseline"));
        StoredAnswers(server).ShouldBe(Count - dropped, "all that the edge let through is stored, once");
    }

    [ValkeyFact]
    public async Task A_replay_that_waits_for_its_store_loses_nothing()
    {
        using var server = new ValkeyServer();
        foreach (var (sink, phase) in ((string, string)[])[(", edge: { when_full: block }", ""), ("", ", shadow: { overload: wait }")])
        {
            server.Flush();
            var run = await RolloutRun.HeldAsync(Stored(server.Port, sink, phase), HeldAt, _ => { });

            run.Report.Edges.Single(e => e.To == "stored").Dropped.ShouldBeEmpty();
            StoredAnswers(server).ShouldBe(Count);
        }
    }

    [Theory]
    [InlineData(Peer.Refuses)]
    [InlineData(Peer.HalfCloses)]
    [InlineData(Peer.NeverReads)]
    public async Task Whatever_the_other_side_does_every_event_is_accounted_for_and_the_outage_told_once(Peer peer)
    {
        using var other = new StubPeer(peer);
        var run = await RolloutRun.HeldAsync(Stored(other.Port, ", buffer: 300, retry_seconds: 0.05", timeout: 200), HeldAt, _ => { });

        run.Answers.Count.ShouldBe(Count);
        var (block, edge) = (run.Report.Blocks.Single(b => b.Name == "stored"), run.Report.Edges.Single(e => e.To == "stored"));
        (block.Dropped["not_stored"] + edge.Dropped.GetValueOrDefault("full")).ShouldBe(Count);
        run.Report.NoteCounts.Where(n => n.Key.Contains("store_down", StringComparison.Ordinal)).Sum(n => n.Value).ShouldBe(1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_rollback_needs_neither_store_nor_bus(int level)
    {
        using var store = new StubPeer(Peer.NeverReads);
        using var bus = new StubPeer(Peer.NeverReads);
        string[] byLevel = ["enhanced_ml", "time_travel", "valkey", "zmq"];
        var sent = new long[byLevel.Length];
        var run = await RolloutRun.HeldAsync(Drill(store.Port, bus.Port), HeldAt, factory =>
        {
            var section = factory.Section<RolloutSection>()!;
            var answer = section.Control.Send(new PhaseCommand(PhaseAction.Rollback) { Level = level, Reason = "drill" });
            answer.IsAccepted.ShouldBeTrue(answer.Words);
            Stages(section.Phases).ShouldBe(byLevel.Select((_, i) => i < level ? PhaseStage.Aborted : PhaseStage.Complete));
            sent = [.. InOrder(section.Phases).Select(p => p.Evidence.Count().EnhancedCalls)];
        });

        var calls = InOrder(run.Phases).Select(p => p.Evidence.Count()).ToList();
        for (var i = 0; i < calls.Count; i++)
        {
            calls[i].ShouldSatisfyAllConditions(byLevel[i], c => c.Ops.ShouldBe(Count), c => c.EnhancedCalls.ShouldBe(i < level ? sent[i] : Count), c => c.FallbackCount.ShouldBe(0));
        }

        run.Answers.Take(HeldAt).ShouldAllBe(a => a.By == "candidate");
        run.Answers.Skip(HeldAt).ShouldAllBe(a => a.By == "baseline");
        run.Answers.Count.ShouldBe(Count);

        IEnumerable<PhaseStage> Stages(IReadOnlyList<Phase> phases) => InOrder(phases).Select(p => p.State.Stage);
        IEnumerable<Phase> InOrder(IReadOnlyList<Phase> phases) => byLevel.Select(name => phases.Single(p => p.Options.Name == name));
    }

    // All four phases are complete, with a store and a bus that take connections and nothing else.
    private static string Drill(int store, int bus) => $$"""
        version: 1
        pipeline: drill
        engine: { capacity: 64, batch: 16, drain_seconds: 20 }
        market: { symbols: [DEMO] }
        store: { kind: valkey, valkey: { host: 127.0.0.1, port: {{store}}, timeout_ms: 200 } }
        blocks:
          feed:       { type: rollout.feed, count: {{Count}}, hold_at: {{HeldAt}} }
          live:       { type: rollout.answer, from: feed, by: live }
          travelled:  { type: rollout.answer, from: feed, by: travelled, phase: time_travel }
          fast:       { type: rollout.answer, from: feed, by: baseline }
          enhanced:   { type: rollout.answer, from: feed, by: candidate, phase: enhanced_ml }
          published:  { type: sink.zeromq, from: live, endpoint: "tcp://127.0.0.1:{{bus}}", connect: true, linger_ms: 0, phase: zmq }
          stored:     { type: sink.store, from: live, buffer: 300, retry_seconds: 0.05, phase: valkey }
          keep:       { type: rollout.keep, from: fast }
        rollout:
          phases:
            - { name: zmq, kind: effect, rollback_level: 4, candidate: { block: published }, at: complete }
            - { name: valkey, kind: effect, rollback_level: 3, requires: [zmq], candidate: { block: stored }, at: complete }
            - { name: time_travel, rollback_level: 2, requires: [valkey], baseline: { block: live }, candidate: { block: travelled }, at: complete, {{Waits}} }
            - { name: enhanced_ml, rollback_level: 1, requires: [time_travel], baseline: { block: fast }, candidate: { block: enhanced }, at: complete, {{Waits}} }
        """;

    private const string Waits = "shadow: { overload: wait, queue: 64, hang_after: 30s }";

    private static long StoredAnswers(ValkeyServer server) => Symbols.Names.Sum(s => long.Parse(server.Cli("XLEN", $"qt:answer:{s}"), System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>What is wrong with the other side of a connection.</summary>
    public enum Peer
    {
        Refuses,
        HalfCloses,
        NeverReads,
    }

    /// <summary>Takes connections and does nothing for them.</summary>
    private sealed class StubPeer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<TcpClient> _clients = [];

        public StubPeer(Peer peer)
        {
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            if (peer == Peer.Refuses)
            {
                _listener.Stop();
                return;
            }

            _ = TakeAsync(peer);
        }

        public int Port { get; }

        public void Dispose()
        {
            _listener.Dispose();
            lock (_clients)
            {
                _clients.ForEach(c => c.Dispose());
            }
        }

        private async Task TakeAsync(Peer peer)
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync();
                    lock (_clients)
                    {
                        _clients.Add(client);
                    }

                    if (peer == Peer.HalfCloses)
                    {
                        client.Client.Shutdown(SocketShutdown.Send);
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
