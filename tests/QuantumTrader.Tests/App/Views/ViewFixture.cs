using QuantumTrader.App.Commands;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Runs;
using QuantumTrader.App.Views;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Storage.Valkey;

namespace QuantumTrader.Tests.App.Views;

/// <summary>A real pipeline with views on it, and every market event that they can have seen.</summary>
internal sealed class ViewFixture : IDisposable
{
    private readonly BlockFactory _factory;
    private readonly Graph _graph;

    public ViewFixture(string pipeline, params string[] sets)
        : this(new PipelineLoader(PipelineArguments.Registry).Load(Path.Combine(Qt.Root, "pipelines", pipeline), [], sets))
    {
    }

    private ViewFixture(LoadResult loaded)
    {
        var plan = loaded.Plan.ShouldNotBeNull(string.Join('\n', loaded.Findings));
        _factory = new BlockFactory(plan, TimeProvider.System);
        _graph = PipelineBuilder.Build(plan, _factory);
        Run = new LiveRun(_factory, _graph, TimeProvider.System);
        foreach (var block in RunBlocks.Market(plan))
        {
            _graph.Watch(block, Market);
        }

        Views = RunViews.Begin(Run);
    }

    public static ViewFixture Of(string yaml) => new(new PipelineLoader(PipelineArguments.Registry).LoadText(yaml, Path.Combine(Qt.Root, "pipelines", "test.yml")));

    public LiveRun Run { get; }

    public RunViews Views { get; }

    public Recorder Market { get; } = new();

    /// <summary>Runs until it is stopped.</summary>
    public Task<GraphReport> RunAsync(CancellationToken stop) => _graph.RunAsync(stop);

    public GraphReport RunToEnd()
    {
        var run = _graph.RunAsync();
        run.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue("the pipeline must end");
        run.Result.Balanced.ShouldBeTrue(run.Result.Fault);
        Run.End(run.Result);
        // Its figures are kept for a moment.
        Eventually.Holds(() => Run.Watch.Now().Report.Completed);
        Views.Update();
        return run.Result;
    }

    public void Dispose()
    {
        Views.Dispose();
        _graph.Dispose();
        _factory.Dispose();
    }

    internal sealed class Recorder : IWatcher<MarketEvent>
    {
        public List<MarketEvent> Seen { get; } = [];

        public void See(ReadOnlySpan<MarketEvent> events) => Seen.AddRange(events);
    }
}
