using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class GraphTests
{
    private static EngineSettings Hashing => new() { Hashes = true };

    [Fact]
    public void Every_event_reaches_the_end_of_a_chain_in_order()
    {
        var collect = new Collect();
        var report = new GraphBuilder().Add("source", new Counting(10_000)).Add("collect", collect, ["source"]).Run();

        report.ShouldBeSound();
        collect.Seen.Select(n => n.Value).ShouldBe(Enumerable.Range(1, 10_000).Select(i => (long)i));
    }

    [Fact]
    public void A_chain_of_operators_is_one_island_and_the_source_another()
    {
        using var graph = new GraphBuilder()
            .Add("source", new Counting(1)).Add("a", new Multiply(_ => 1), ["source"]).Add("b", new DropAndChange(_ => false), ["a"])
            .Add("c", new Collect(), ["b"]).Build();

        graph.Islands.ShouldBe([["source"], ["a", "b", "c"]]);
    }

    [Fact]
    public void A_boundary_an_edge_setting_and_an_io_block_start_islands_of_their_own()
    {
        using var graph = new GraphBuilder()
            .Add("source", new Counting(1))
            .Add("a", new Multiply(_ => 1), ["source"])
            .Add("b", new Collect(), ["a"], new BlockSettings { Boundary = true })
            .Add("c", new Collect(), ["a"], new BlockSettings { Edge = new EdgeSettings { Capacity = 4 } })
            .Add("d", new Collect(), ["a"], new BlockSettings { Io = true })
            .Add("e", new Collect(), ["a"]).Build();

        graph.Islands.ShouldBe([["source"], ["a", "e"], ["b"], ["c"], ["d"]]);
    }

    [Fact]
    public void Instances_of_parallel_blocks_behind_one_block_are_on_one_island()
    {
        var two = new BlockSettings { Parallelism = 2 };
        (string, IReadOnlyList<string>)[] fromSource = [("from", ["source"])];
        using var graph = new GraphBuilder()
            .Add("source", new Counting(1))
            .Add("a", _ => new SumPerKey(), fromSource, two)
            .Add("b", _ => new SumPerKey(), fromSource, two)
            .Add("own_edge", _ => new SumPerKey(), fromSource, two with { Edge = new EdgeSettings { Capacity = 4 } })
            .Add("end", new Collect(), ["a", "b", "own_edge"]).Build();

        graph.Islands.ShouldBe([["source"], ["a#0", "b#0"], ["a#1", "b#1"], ["a"], ["b"], ["own_edge#0"], ["own_edge#1"], ["own_edge"], ["end"]]);
    }

    private sealed class UntilEnd(Source<Number> inner, ManualResetEventSlim end) : Source<Number>
    {
        public override bool Read(Output<Number> output, int limit, CancellationToken stop)
        {
            var more = inner.Read(output, limit, stop);
            if (!more)
            {
                end.Set();
            }

            return more;
        }
    }

    private sealed class InUse(ManualResetEventSlim begins, ManualResetEventSlim release) : Observer<Number>
    {
        public bool IsDisposed { get; private set; }

        public override void Observe(Run<Number> run)
        {
            begins.Set();
            release.Wait();
            IsDisposed.ShouldBeFalse();
        }

        public override void Dispose()
        {
            IsDisposed = true;
            base.Dispose();
        }
    }

    [Fact]
    public async Task Who_disposes_of_a_graph_that_runs_breaks_it_off_but_takes_no_block_away_under_its_thread()
    {
        using var begins = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var sink = new InUse(begins, release);
        var graph = new GraphBuilder(new EngineSettings { DrainDeadline = TimeSpan.FromSeconds(30) }).Add("source", new Endless()).Add("sink", sink, ["source"]).Build();
        var run = graph.RunAsync();
        begins.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();

        graph.Dispose();
        sink.IsDisposed.ShouldBeFalse();
        release.Set();
        var report = await run.WaitAsync(TimeSpan.FromSeconds(30));

        sink.IsDisposed.ShouldBeTrue();
        report.Fault.ShouldBe("It was disposed of while it ran.");
    }

    private sealed class WaitFor(ManualResetEventSlim end) : Observer<Number>
    {
        public List<long> Seen { get; } = [];

        public override void Observe(Run<Number> run)
        {
            end.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue("the source must get to its end while nobody reads");
            foreach (ref readonly var e in run)
            {
                Seen.Add(e.Value);
            }
        }
    }

    [Theory]
    [InlineData(100_000, 10_000)]
    [InlineData(300, 0)]
    public void An_edge_that_spills_never_makes_its_writer_wait_and_keeps_order_and_account(int limit, int whole)
    {
        using var end = new ManualResetEventSlim();
        var sink = new WaitFor(end);
        var spills = new QueueSpills(limit);
        using var graph = new GraphBuilder(null, spills)
            .Add("source", new UntilEnd(new Counting(10_000), end))
            .Add("sink", sink, ["source"], new BlockSettings { Edge = new EdgeSettings { Capacity = 16, WhenFull = WhenFull.Spill } }).Build();
        var report = graph.RunAsync().GetAwaiter().GetResult();

        report.ShouldBeSound();
        var edge = report.Edges.Single();
        sink.Seen.ShouldBe(sink.Seen.Order());
        (sink.Seen.Count + edge.Dropped.GetValueOrDefault("full")).ShouldBe(10_000);
        sink.Seen.Count.ShouldBeGreaterThanOrEqualTo(whole);
        edge.SpilledTotal.ShouldBeGreaterThan(0);
        edge.Spilled.ShouldBe(0);
        ((QueueSpill<Number>)spills.Opened["source -> sink.from"]).IsDisposed.ShouldBeTrue();
    }

    [Fact]
    public void An_edge_cannot_spill_where_nothing_keeps_what_is_spilled()
    {
        var builder = new GraphBuilder().Add("source", new Counting(1))
            .Add("sink", new Collect(), ["source"], new BlockSettings { Edge = new EdgeSettings { WhenFull = WhenFull.Spill } });

        Should.Throw<GraphException>(builder.Build).Message.ShouldContain("source -> sink.from");
    }

    [Fact]
    public void A_filter_edits_in_place_without_disturbing_who_else_reads_the_batch()
    {
        var (before, after) = (new Collect(), new Collect());
        var report = new GraphBuilder()
            .Add("source", new Counting(5_000))
            .Add("before", before, ["source"])
            .Add("filter", new DropAndChange(v => v % 3 == 0), ["source"])
            .Add("after", after, ["filter"]).Run();

        report.ShouldBeSound();
        before.Seen.Select(n => n.Value).ShouldBe(Enumerable.Range(1, 5_000).Select(i => (long)i));
        after.Seen.Select(n => n.Value).ShouldBe(Enumerable.Range(1, 5_000).Where(i => i % 3 != 0).Select(i => (long)-i));
        report.Block("filter").Dropped["unwanted"].ShouldBe(5_000 / 3);
    }

    [Fact]
    public void Two_branches_of_different_density_merge_in_the_order_of_their_causes()
    {
        var collect = new Collect();
        var report = new GraphBuilder(new EngineSettings { Fuse = false, Capacity = 1 })
            .Add("source", new Counting(2_000))
            .Add("rare", new Multiply(v => v % 100 == 0 ? 2 : 0), ["source"])
            .Add("dense", new Multiply(_ => 1, factor: 1), ["source"])
            .Add("collect", collect, ["dense", "rare"]).Run();

        report.ShouldBeSound();
        collect.Seen.Count.ShouldBe(2_040);
        collect.Seen.Select(n => n.Sequence).ShouldBeInOrder();
        // Of one cause the first input's event comes first: 100 from "dense", then 300 and 301 from "rare".
        collect.Seen.Where(n => n.Sequence == 100).Select(n => n.Value).ShouldBe([100L, 300L, 301L]);
    }

    [Fact]
    public void The_side_port_comes_before_what_its_event_caused()
    {
        var collect = new Collect();
        var report = new GraphBuilder()
            .Add("source", new Counting(3))
            .Add("order", new Multiply(v => v == 2 ? 1 : 0, factor: 10), ["source"])
            .Add("exchange", _ => new TwoSided(), [("from", ["order"]), ("side", ["source"])], new BlockSettings())
            .Add("collect", collect, ["exchange"]).Run();

        report.ShouldBeSound();
        // State: -1, then -1*17-2 = -19, then the order: -19*31+20 = -569. The third event only changes the state.
        collect.Seen.Select(n => n.Value).ShouldBe([-569L]);
    }

    [Fact]
    public void A_branch_that_filters_everything_does_not_stall_the_merge()
    {
        var collect = new Collect();
        var report = new GraphBuilder(new EngineSettings { Fuse = false, Capacity = 2 })
            .Add("source", new Counting(5_000))
            .Add("nothing", new Multiply(_ => 0), ["source"])
            .Add("all", new Multiply(_ => 1), ["source"])
            .Add("collect", collect, ["nothing", "all"]).Run();

        report.ShouldBeSound();
        collect.Seen.Count.ShouldBe(5_000);
    }

    [Fact]
    public void A_block_that_makes_more_of_one_event_than_fits_its_edges_does_not_stall_the_merge()
    {
        var report = new GraphBuilder(new EngineSettings { Fuse = false, Capacity = 1, Workers = 1 })
            .Add("source", new Counting(200))
            .Add("burst", new Multiply(_ => 20), ["source"])
            .Add("rare", new Multiply(v => v % 1000 == 0 ? 1 : 0), ["burst"])
            .Add("end", new Collect(), ["rare", "burst"]).Run();

        report.ShouldBeSound();
    }

    [Fact]
    public void Hashes_are_the_same_for_any_workers_capacity_batch_and_fusion()
    {
        var expected = Hashes(Hashing);
        expected.Count.ShouldBe(8);
        expected.Values.ShouldAllBe(h => h != null);
        foreach (var settings in new[]
        {
            Hashing, Hashing with { Workers = 1 }, Hashing with { Workers = 4 }, Hashing with { Fuse = false },
            Hashing with { Fuse = false, Capacity = 1 }, Hashing with { Fuse = false, Capacity = 1, Workers = 1, Batch = 1 }, Hashing with { Batch = 7, Capacity = 13, Fuse = false, Workers = 4 },
        })
        {
            Hashes(settings).ShouldBe(expected);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_parallel_block_gives_the_same_hash_as_a_single_one_whether_it_is_read_or_not(bool isRead)
    {
        string? HashOf(int parallelism, EngineSettings settings)
        {
            var graph = new GraphBuilder(settings)
                .Add("source", new Counting(20_000, keyOf: n => n * 7919 % 53))
                .Add("sums", _ => new SumPerKey(), [("from", ["source"])], new BlockSettings { Parallelism = parallelism });
            return (isRead ? graph.Add("end", new Collect(), ["sums"]) : graph).Run().Also(r => r.ShouldBeSound()).Block("sums").Hash;
        }

        var single = HashOf(1, Hashing);
        single.ShouldNotBeNull();
        foreach (var settings in new[] { Hashing with { Workers = 4 }, Hashing with { Workers = 1 }, Hashing with { Capacity = 1 }, Hashing with { Batch = 7, Capacity = 13 }, Hashing with { Batch = 1, Workers = 1 } })
        {
            HashOf(2, settings).ShouldBe(single);
            HashOf(5, settings).ShouldBe(single);
        }
    }

    [Fact]
    public void Parallel_blocks_behind_one_source_do_not_see_what_another_one_changes()
    {
        string?[] HashesOf(int parallelism, EngineSettings engine)
        {
            var settings = new BlockSettings { Parallelism = parallelism };
            var report = new GraphBuilder(engine)
                .Add("source", new Counting(10_000, keyOf: n => n % 53))
                .Add("changed", _ => new DropAndChange(v => v % 7 == 0), [("from", ["source"])], settings)
                .Add("sums", _ => new SumPerKey(), [("from", ["source"])], settings)
                .Add("more", _ => new DropAndChange(v => v % 5 == 0), [("from", ["source"])], settings)
                .Add("own_edge", _ => new SumPerKey(), [("from", ["source"])], settings with { Edge = new EdgeSettings { Capacity = 3 } })
                .Add("end", new Collect(), ["changed", "sums", "more", "own_edge"])
                .Run();
            report.ShouldBeSound();
            report.Edges.Where(e => e.From == "source" && e.To.StartsWith("sums", StringComparison.Ordinal)).Sum(e => e.Out).ShouldBe(10_000);
            return [.. new[] { "changed", "sums", "more", "own_edge", "end" }.Select(name => report.Block(name).Hash)];
        }

        var single = HashesOf(1, Hashing);
        foreach (var engine in new[] { Hashing with { Workers = 4, Batch = 64, Capacity = 256 }, Hashing with { Workers = 4, Capacity = 1 }, Hashing with { Workers = 1, Batch = 7, Capacity = 2 }, Hashing with { Fuse = false, Capacity = 13 } })
        {
            HashesOf(2, engine).ShouldBe(single);
            HashesOf(3, engine).ShouldBe(single);
        }
    }

    [Fact]
    public void What_one_event_caused_stays_together_behind_a_parallel_block()
    {
        var collect = new Collect();
        new GraphBuilder(new EngineSettings { Batch = 5, Capacity = 3, Workers = 4 })
            .Add("source", new Counting(5_000, keyOf: n => n))
            .Add("burst", _ => new Multiply(v => (int)(v % 4), factor: 10), [("from", ["source"])], new BlockSettings { Parallelism = 3 })
            .Add("end", collect, ["burst"]).Run().ShouldBeSound();

        collect.Seen.Select(e => e.Value).ShouldBe(Enumerable.Range(1, 5_000).SelectMany(v => Enumerable.Range(0, v % 4).Select(i => (v * 10L) + i)));
    }

    [Fact]
    public void A_fault_in_one_instance_ends_the_run_and_names_it()
    {
        var report = new GraphBuilder(new EngineSettings { Batch = 16, Capacity = 16 })
            .Add("source", new Counting(100_000, keyOf: n => n))
            .Add("picky", _ => new Multiply(v => v == 5_000 ? throw new InvalidDataException("no") : 1), [("from", ["source"])], new BlockSettings { Parallelism = 3 })
            .Add("end", new Collect(), ["picky"]).Run();

        report.Completed.ShouldBeFalse();
        report.Fault!.ShouldContain("picky");
        report.Imbalances.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    public void Keys_numbered_one_after_the_other_are_shared_out_evenly(int instances)
    {
        var shares = Enumerable.Range(1, 64).GroupBy(key => Partitioning.Of(key, instances)).ToDictionary(g => g.Key, g => g.Count());

        shares.Keys.Order().ShouldBe(Enumerable.Range(0, instances));
        (shares.Values.Max() - shares.Values.Min()).ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public void Of_heavy_events_fewer_wait_and_fewer_are_made_in_one_run()
    {
        var (light, heavy) = (new LongestRun<Number>(), new LongestRun<Heavy>());
        var report = new GraphBuilder(new EngineSettings { Batch = 64, Capacity = 640 })
            .Add("source", new Counting(10_000))
            .Add("light", light, ["source"])
            .Add("make", new MakeHeavy(), ["source"])
            .Add("heavy", heavy, ["make"], new BlockSettings { Boundary = true })
            .Run();

        report.ShouldBeSound();
        report.Edges.Single(e => e.To == "light").Capacity.ShouldBe(640);
        report.Edges.Single(e => e.To == "heavy").Capacity.ShouldBe(10);
        light.Length.ShouldBeGreaterThan(8);
        heavy.Length.ShouldBeLessThanOrEqualTo(8);
        report.Block("heavy").In.ShouldBe(10_000);
    }

    private readonly record struct Heavy(long Sequence) : IEvent<Heavy>
    {
        public static int Weight => 8;

        public long PartitionKey => 0;

        public long ConflationKey => 0;

        public static void AppendTo(ReadOnlySpan<Heavy> events, System.Security.Cryptography.IncrementalHash hash) { }
    }

    private sealed class MakeHeavy : Operator<Number, Heavy>
    {
        public override void Process(Run<Number> run, Output<Heavy> output)
        {
            run.Length.ShouldBeLessThanOrEqualTo(8);
            foreach (ref readonly var e in run)
            {
                output.Add(new Heavy(e.Sequence));
            }
        }
    }

    private sealed class LongestRun<T> : Observer<T> where T : struct, IEvent<T>
    {
        public int Length { get; private set; }

        public override void Observe(Run<T> run) => Length = Math.Max(Length, run.Length);
    }

    [Fact]
    public void A_parallel_block_is_one_row_of_the_report_and_its_instances_add_up()
    {
        var report = new GraphBuilder(Hashing)
            .Add("source", new Counting(5_000, keyOf: n => n))
            .Add("picky", _ => new Multiply(v => (int)(v % 3)), [("from", ["source"])], new BlockSettings { Parallelism = 3 })
            .Add("end", new Collect(), ["picky"]).Run();

        report.ShouldBeSound();
        report.Blocks.Select(b => b.Name).ShouldBe(["source", "picky", "end"]);
        var row = report.Block("picky");
        (row.In, row.Consumed, row.Created, row.Out).ShouldBe((5_000L, 5_000L, 5_001L, 5_001L));
        row.Instances.Select(b => b.Name).ShouldBe(["picky#0", "picky#1", "picky#2"]);
        row.Instances.ShouldAllBe(b => b.In > 0);
        row.Instances.Sum(b => b.In).ShouldBe(5_000);
        (row.Idle + row.Backpressured + row.Busy).ShouldBe(1, 1e-9);
    }

    [Fact]
    public void Input_that_a_source_refuses_is_accounted_for_like_an_event()
    {
        var report = new GraphBuilder().Add("source", new Refusing()).Add("end", new Collect(), ["source"]).Run();

        report.ShouldBeSound();
        report.Events.ShouldBe(90);
        var row = report.Block("source");
        (row.In, row.Passed, row.Out, row.Dropped["bad_line"]).ShouldBe((100L, 90L, 90L, 10L));
    }

    [Fact]
    public void Parallelism_of_a_block_without_keys_is_refused()
    {
        var builder = new GraphBuilder().Add("source", new Counting(1))
            .Add("b", _ => new Throwing(_ => false), [("from", ["source"])], new BlockSettings { Parallelism = 2 });

        Should.Throw<GraphException>(builder.Build).Message.ShouldContain("'b' has parallelism 2, but its state is not kept per key");
    }

    [Fact]
    public void A_cycle_is_refused_with_every_block_on_the_way()
    {
        var builder = new GraphBuilder().Add("source", new Counting(1))
            .Add("a", new TwoSidedStub(), ["source", "c"]).Add("b", new Multiply(_ => 1), ["a"]).Add("c", new Multiply(_ => 1), ["b"]);

        Should.Throw<GraphException>(builder.Build).Message.ShouldBe("The blocks form a cycle: a -> c -> b -> a.");
    }

    [Fact]
    public void Streams_with_different_orders_cannot_be_merged()
    {
        var builder = new GraphBuilder().Add("one", new Counting(1)).Add("two", new Counting(1)).Add("end", new Collect(), ["one", "two"]);

        Should.Throw<GraphException>(builder.Build).Message.ShouldContain("'end' cannot merge 'one' and 'two'");
    }

    [Fact]
    public void A_block_that_loses_an_event_without_saying_so_is_found_out()
    {
        var report = new GraphBuilder().Add("source", new Counting(10)).Add("forgetful", new Forgetful(), ["source"]).Run();

        report.Balanced.ShouldBeFalse();
        report.Imbalances.Single().ShouldStartWith("block forgetful: in 10 is not passed 9 + consumed 0");
    }

    [Fact]
    public void A_snapshot_adds_up_at_any_moment_while_events_flow()
    {
        using var stop = new CancellationTokenSource();
        using var graph = new GraphBuilder(new EngineSettings { Capacity = 64, Fuse = false, Batch = 16, Workers = 3 })
            .Add("source", new Endless())
            .Add("a", new Multiply(v => (int)(v % 3)), ["source"])
            .Add("b", new DropAndChange(v => v % 5 == 0), ["a"])
            .Add("c", new Collect2(), ["b"], new BlockSettings { Edge = new EdgeSettings { Capacity = 8, WhenFull = WhenFull.DropOldest } })
            .Build();
        var run = graph.RunAsync(stop.Token);
        for (var i = 0; i < 2_000; i++)
        {
            graph.Snapshot().Imbalances.ShouldBeEmpty();
        }

        stop.Cancel();
        run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        run.Result.ShouldBeSound();
        run.Result.Events.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Stopping_drains_everything_that_the_source_sent()
    {
        using var stop = new CancellationTokenSource();
        var collect = new Collect2();
        using var graph = new GraphBuilder(new EngineSettings { Fuse = false }).Add("source", new Endless()).Add("a", new Multiply(_ => 1), ["source"]).Add("end", collect, ["a"]).Build();
        var run = graph.RunAsync(stop.Token);
        SpinWait.SpinUntil(() => graph.Snapshot().Events > 1_000, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        stop.Cancel();
        run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();

        run.Result.ShouldBeSound();
        collect.Count.ShouldBe(run.Result.Events);
    }

    [Fact]
    public void A_drain_that_takes_too_long_names_what_still_holds()
    {
        using var release = new ManualResetEventSlim();
        using var stop = new CancellationTokenSource();
        using var graph = new GraphBuilder(new EngineSettings { DrainDeadline = TimeSpan.FromMilliseconds(50), Capacity = 32 })
            .Add("source", new Endless()).Add("slow", new Stuck(release), ["source"], new BlockSettings { Io = true }).Build();
        var run = graph.RunAsync(stop.Token);
        SpinWait.SpinUntil(() => graph.Snapshot().Edges[0].Depth > 0, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        stop.Cancel();
        run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        release.Set();

        run.Result.Completed.ShouldBeFalse();
        run.Result.Fault!.ShouldContain("Still holding: edge source -> slow with 32 of 32 events; block source; block slow");
    }

    [Fact]
    public void Latency_is_measured_for_every_event_that_reaches_a_last_block()
    {
        var report = new GraphBuilder().Add("source", new Counting(1_000)).Add("end", new Collect(), ["source"]).Run();

        var latency = report.Latency.Single();
        (latency.From, latency.To, latency.Count).ShouldBe(("source", "end", 1_000L));
        latency.P50.ShouldBeLessThanOrEqualTo(latency.P99);
        latency.P99.ShouldBeLessThanOrEqualTo(latency.P999);
    }

    private sealed class WaitsForNews(ManualResetEventSlim news) : Source<Number>
    {
        public override bool Read(Output<Number> output, int limit, CancellationToken stop)
        {
            using var idle = Idle();
            news.Wait(stop);
            return false;
        }
    }

    [Fact]
    public void A_source_that_waits_for_the_outside_world_is_idle()
    {
        using var news = new ManualResetEventSlim();
        using var graph = new GraphBuilder().Add("source", new WaitsForNews(news)).Add("end", new Collect(), ["source"]).Build();
        var run = graph.RunAsync();
        var isIdle = SpinWait.SpinUntil(() => graph.Snapshot().Blocks[0] is { Idle: > 0.9, Busy: < 0.1 }, TimeSpan.FromSeconds(30));
        news.Set();
        run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        isIdle.ShouldBeTrue();
    }

    [Fact]
    public void The_three_states_of_every_block_add_up_to_one()
    {
        var report = new GraphBuilder(new EngineSettings { Fuse = false }).Add("source", new Counting(50_000)).Add("a", new Multiply(_ => 1), ["source"]).Add("end", new Collect(), ["a"]).Run();

        foreach (var block in report.Blocks)
        {
            (block.Idle + block.Backpressured + block.Busy).ShouldBe(1, 1e-9);
        }

        report.Bottleneck.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public void A_slow_block_is_named_as_the_bottleneck()
    {
        // It is slow without end, so that the shares come near 1 however busy the machine is.
        using var release = new ManualResetEventSlim();
        using var graph = new GraphBuilder(new EngineSettings { Fuse = false, Capacity = 256 })
            .Add("source", new Counting(20_000)).Add("quick", new Multiply(_ => 1), ["source"]).Add("slow", new Stuck(release), ["quick"], new BlockSettings { Io = true }).Build();
        var run = graph.RunAsync(CancellationToken.None);
        try
        {
            SpinWait.SpinUntil(
                () => graph.Snapshot() is var now && now.Bottleneck.StartsWith("The bottleneck is slow, at work", StringComparison.Ordinal) && now.Block("source").Backpressured > 0.5,
                TimeSpan.FromSeconds(30)).ShouldBeTrue(graph.Snapshot().Bottleneck);
        }
        finally
        {
            release.Set();
        }

        run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        run.Result.ShouldBeSound();
    }

    private static Dictionary<string, string?> Hashes(EngineSettings settings)
    {
        // A diamond with a fan-out, a filter on a shared batch, a sparse branch, and a merge of three.
        var report = new GraphBuilder(settings)
            .Add("source", new Counting(3_000, seed: settings.Batch))
            .Add("a", new Multiply(v => (int)(v % 3)), ["source"])
            .Add("b", new DropAndChange(v => v % 7 == 0), ["a"])
            .Add("c", new SumPerKey(), ["a"])
            .Add("rare", new Multiply(v => v % 97 == 0 ? 1 : 0), ["b"])
            .Add("m", new SumPerKey(), ["c", "rare", "b"])
            .Add("x", _ => new TwoSided(), [("from", ["m"]), ("side", ["c"])], new BlockSettings())
            .Add("end", new Collect(), ["x"]).Run();
        report.ShouldBeSound();
        return report.Blocks.ToDictionary(b => b.Name, b => b.Hash);
    }

    private sealed class TwoSidedStub : Observer<Number>
    {
        public override void Observe(Run<Number> run) { }
    }

    /// <summary>Reads a hundred lines, of which every tenth is no event.</summary>
    private sealed class Refusing : Source<Number>
    {
        private long _sent;

        public override bool Read(Output<Number> output, int limit, CancellationToken stop)
        {
            for (var line = 1; line <= 100; line++)
            {
                if (line % 10 == 0)
                {
                    Accounts.Reject("bad_line", -1, $"line {line}");
                    continue;
                }

                _sent++;
                output.Add(new Number(_sent, line));
            }

            return false;
        }
    }

    private sealed class Collect2 : Observer<Number>
    {
        public long Count { get; private set; }

        public override void Observe(Run<Number> run) => Count += run.Length;
    }
}

internal static class Fluent
{
    public static T Also<T>(this T value, Action<T> action)
    {
        action(value);
        return value;
    }
}
