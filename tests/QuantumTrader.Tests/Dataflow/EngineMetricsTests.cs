using System.Diagnostics.Metrics;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class EngineMetricsTests
{
    [Fact]
    public async Task Counters_are_those_of_the_account_and_carry_no_symbol()
    {
        using var graph = new GraphBuilder(new EngineSettings { Fuse = false })
            .Add("source", new Counting(1_000)).Add("filter", new DropAndChange(v => v % 10 == 0), ["source"]).Add("end", new Collect(), ["filter"]).Build();
        using var metrics = new EngineMetrics("test", graph);
        await graph.RunAsync();

        var seen = new List<(string Name, double Value, Dictionary<string, object?> Tags)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == EngineMetrics.MeterName)
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((i, v, tags, _) => seen.Add((i.Name, v, Tags(tags))));
        listener.SetMeasurementEventCallback<double>((i, v, tags, _) => seen.Add((i.Name, v, Tags(tags))));
        listener.Start();
        listener.RecordObservableInstruments();

        var mine = seen.Where(m => (string?)m.Tags["pipeline"] == "test").ToList();
        double Value(string name, string block) => mine.Single(m => m.Name == name && (string?)m.Tags.GetValueOrDefault("block") == block).Value;
        Value("qt_block_received_total", "filter").ShouldBe(1_000);
        Value("qt_block_sent_total", "filter").ShouldBe(900);
        Value("qt_block_dropped_total", "filter").ShouldBe(100);
        (Value("qt_block_idle_ratio", "end") + Value("qt_block_backpressured_ratio", "end") + Value("qt_block_busy_ratio", "end")).ShouldBe(1, 1e-9);
        mine.Where(m => m.Name == "qt_edge_capacity").Select(m => (string?)m.Tags["edge"]).ShouldBe(["source->filter", "filter->end"]);
        mine.Count(m => m.Name == "qt_latency_seconds").ShouldBe(3);
        mine.SelectMany(m => m.Tags.Keys).Distinct().ShouldBeSubsetOf(["pipeline", "block", "type", "edge", "reason", "from", "to", "quantile"]);
    }

    [Fact]
    public async Task Batch_sizes_are_means_since_the_scrape_before()
    {
        using var graph = new GraphBuilder(new EngineSettings { Fuse = false, Capacity = 1 }).Add("source", new Counting(500)).Add("end", new Collect(), ["source"]).Build();
        using var metrics = new EngineMetrics("batches", graph);
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "qt_block_batch_size")
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, v, tags, _) =>
        {
            if ((string?)Tags(tags)["pipeline"] == "batches")
            {
                seen.Add((string)Tags(tags)["block"]!, v);
            }
        });
        listener.Start();
        var report = await graph.RunAsync();

        listener.RecordObservableInstruments();
        seen["end"].ShouldBe(1, "no more than one fits into the edge");
        seen["source"].ShouldBe(500.0 / report.Blocks.Single(b => b.Name == "source").Batches);
        seen["source"].ShouldBeGreaterThan(1);

        seen.Clear();
        SpinWait.SpinUntil(() =>
        {
            seen.Clear();
            listener.RecordObservableInstruments();
            return seen.Count == 0;
        }, TimeSpan.FromSeconds(20)).ShouldBeTrue("nothing has come since");
    }

    private sealed class Tank(double level) : Observer<Number>
    {
        public override IReadOnlyList<BlockGauge> Gauges => [new("qt_tank_level", "How full it is.", level)];

        public override void Observe(Run<Number> run) { }
    }

    [Fact]
    public void Gauges_of_blocks_are_published_under_their_names()
    {
        using var graph = new GraphBuilder().Add("source", new Counting(10)).Add("north", new Tank(3), ["source"]).Add("south", new Tank(4), ["source"]).Build();
        using var metrics = new EngineMetrics("tanks", graph);
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument is { Name: "qt_tank_level", Description: "How full it is." })
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, v, tags, _) => seen[(string)Tags(tags)["block"]!] = v);
        listener.Start();
        listener.RecordObservableInstruments();

        seen.ShouldBe(new Dictionary<string, double> { ["north"] = 3, ["south"] = 4 }, ignoreOrder: true);
    }

    [Fact]
    public void Gauges_of_one_name_are_told_apart_by_what_they_are_of()
    {
        using var graph = new GraphBuilder().Add("source", new Counting(10)).Add("wells", new Wells(), ["source"]).Build();
        using var metrics = new EngineMetrics("wells", graph);
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "qt_well_level")
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, v, tags, _) => seen.Add((string)Tags(tags)["of"]!, v));
        listener.Start();
        listener.RecordObservableInstruments();

        seen.ShouldBe(new Dictionary<string, double> { ["deep"] = 1, ["shallow"] = 2 }, ignoreOrder: true);
    }

    private sealed class Wells : Observer<Number>
    {
        public override IReadOnlyList<BlockGauge> Gauges => [new("qt_well_level", "How full.", 1) { Of = "deep" }, new("qt_well_level", "How full.", 2) { Of = "shallow" }];

        public override void Observe(Run<Number> run) { }
    }

    private static Dictionary<string, object?> Tags(ReadOnlySpan<KeyValuePair<string, object?>> tags) => tags.ToArray().ToDictionary(t => t.Key, t => t.Value);
}
